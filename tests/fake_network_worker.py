"""A worker of networks that does what it is asked: answer, hang, or end.

It runs the file of frames by itself: what else the package has takes a second to import.
"""

import os
import runpy
import sys
import time
from importlib.util import find_spec
from pathlib import Path, PurePath

frames = runpy.run_path(str(Path(find_spec("archcast").origin).parent / "serving" / "frames.py"))
Frame, read_frame, write_frame = (frames[name] for name in ("Frame", "read_frame", "write_frame"))

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
