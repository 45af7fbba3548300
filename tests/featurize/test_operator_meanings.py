from archcast.featurize.operators import OPERATORS
from archcast.featurize.operators.meanings import ALIKE, is_known


def test_an_operator_is_known_by_any_name_of_its_meaning() -> None:
    assert is_known("GlobalAveragePool", {"ReduceMean"})
    assert is_known("Flatten", {"Reshape"})
    assert is_known("Erf", {"Gelu"})
    assert not is_known("Softmax", {"ReduceMean", "Reshape", "Gelu"})
    assert not is_known("Conv", ())


def test_an_operator_is_known_where_all_that_it_is_written_out_as_is() -> None:
    assert is_known("HardSwish", {"Relu", "Sum", "Div"})
    assert not is_known("HardSwish", {"Relu", "Sum"})


def test_what_is_alike_is_understood() -> None:
    assert all(op in OPERATORS for op in ALIKE), [op for op in ALIKE if op not in OPERATORS]
