"""A worker of networks that does what it is asked: answer, hang, or end."""

import os
import sys
import time
from pathlib import PurePath

from archcast.serving.frames import Frame, read_frame, write_frame

asked, answered = sys.stdin.buffer, sys.stdout.buffer
while (frame := read_frame(asked)) is not None:
    what = frame.head.get("what") or PurePath(frame.head.get("path", "")).stem
    if what == "hang":
        time.sleep(600)
    if what == "end":
        os._exit(1)
    content = str(sum(map(len, frame.parts))).encode()
    told = {"status": 200, "pid": os.getpid(), "last": what == "last"}
    write_frame(answered, Frame(told | ({what: "of what was asked"} if what == "fatal" else {}), [content]))
