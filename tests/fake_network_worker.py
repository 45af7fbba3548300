"""A worker of networks that does what it is asked: answer, hang, or end."""

import os
import sys
import time

from archcast.serving.http.networks.frames import Frame, read_frame, write_frame

asked, answered = sys.stdin.buffer, sys.stdout.buffer
while (frame := read_frame(asked)) is not None:
    what = frame.head.get("what")
    if what == "hang":
        time.sleep(600)
    if what == "end":
        os._exit(1)
    content = str(sum(map(len, frame.parts))).encode()
    write_frame(answered, Frame({"status": 200, "pid": os.getpid(), "last": what == "last"}, [content]))
