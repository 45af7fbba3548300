"""Messages between the service and its workers."""

import asyncio
import io

import pytest

from archcast.serving.frames import Frame, answer_messages, read_frame, receive_frame, write_frame


def test_messages_arrive_as_they_were_sent() -> None:
    sent = [Frame({"a": 1}, []), Frame({"b": "ü"}, [b"", b"x" * 1000])]
    stream = io.BytesIO()
    for frame in sent:
        write_frame(stream, frame)
    stream.seek(0)
    found = [read_frame(stream), read_frame(stream)]
    assert [(f.head.get("a"), f.head.get("b"), f.parts) for f in found if f] == [
        (1, None, []),
        (None, "ü", [b"", b"x" * 1000]),
    ]
    assert read_frame(stream) is None

    async def receive() -> Frame:
        reader = asyncio.StreamReader()
        reader.feed_data(stream.getvalue())
        reader.feed_eof()
        await receive_frame(reader)
        second = await receive_frame(reader)
        with pytest.raises(asyncio.IncompleteReadError):
            await receive_frame(reader)
        return second

    assert asyncio.run(receive()).parts == [b"", b"x" * 1000]


def test_messages_are_answered_until_the_last() -> None:
    asked, answered = io.BytesIO(), io.BytesIO()
    for number in range(3):
        write_frame(asked, Frame({"number": number}, []))
    asked.seek(0)

    def answer(frame: Frame) -> Frame:
        number = frame.head["number"]
        return Frame({"twice": 2 * number, "last": number == 1}, [])

    answer_messages(answer, asked, answered)
    answered.seek(0)
    found = [read_frame(answered), read_frame(answered)]
    assert [frame.head["twice"] for frame in found if frame] == [0, 2]
    assert read_frame(answered) is None
    answer_messages(answer, io.BytesIO(), answered)
    assert len(answered.getvalue()) == answered.tell()
