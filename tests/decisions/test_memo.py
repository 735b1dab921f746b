from app.decisions.memo import IdentityMemo


def test_what_was_made_is_made_once_per_object() -> None:
    made: list[object] = []
    memo = IdentityMemo(lambda key: made.append(key) or len(made))
    one, equal = [1], [1]
    assert memo(one) == memo(one) == 1
    assert memo(equal) == 2


def test_memory_is_bounded() -> None:
    made: list[object] = []
    memo = IdentityMemo(lambda key: made.append(key) or len(made), limit=2)
    keys = [[number] for number in range(5)]
    for key in keys:
        memo(key)
    assert len(made) == 5
    assert memo(keys[4]) == 5  # held still
    memo(keys[0])
    assert len(made) == 6  # forgotten meanwhile
