"""Folders of model servers: Triton's configuration by its published schema, KServe's file by its fields."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import yaml

import archcast
from archcast.serving.scale.layouts import Layout, lay_out

NAME = "fbnet.latency.raspi4"


def model_config():
    """Triton's message ModelConfig, from the package of its client; only this file of it is imported."""
    package = importlib.util.find_spec("tritonclient")
    if package is None:
        pytest.skip("tritonclient, which carries Triton's model_config.proto, is not installed")
    path = Path(package.submodule_search_locations[0]) / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("model_config_pb2", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    from archcast.predictors.export import export

    folder = tmp_path_factory.mktemp("export") / "onnx"
    loaded = archcast.load("raspi4", space="fbnet")
    export(loaded.model, loaded.entry.manifest, loaded.entry.column, folder, form="onnx")
    return folder


def test_triton_configuration_is_of_its_schema_and_of_the_model(exported, tmp_path):
    from google.protobuf import text_format

    schema = model_config()
    lay_out(tmp_path / "repository", exported, Layout("triton", NAME))
    config = text_format.Parse(
        (tmp_path / "repository" / NAME / "config.pbtxt").read_text(), schema.ModelConfig()
    )
    assert (config.name, config.backend) == (NAME, "onnxruntime")
    session = onnxruntime.InferenceSession(str(tmp_path / "repository" / NAME / "1" / "model.onnx"))
    (codes,), (values,) = session.get_inputs(), session.get_outputs()
    for told, known, kind in (
        (config.input[0], codes, schema.TYPE_INT8),
        (config.output[0], values, schema.TYPE_FP32),
    ):
        assert (told.name, list(told.dims), told.data_type) == (known.name, known.shape[1:], kind)
    assert (codes.type, values.type) == ("tensor(int8)", "tensor(float)")
    assert isinstance(codes.shape[0], str)
    batch = archcast.spaces("fbnet").sample(7, seed=0)
    (found,) = session.run(None, {config.input[0].name: batch})
    np.testing.assert_allclose(found[:, 0], archcast.predict(batch, "raspi4", space="fbnet"), rtol=1e-5)
    assert config.max_batch_size == 65_536
    assert config.parameters["unit"].string_value == "ms"


def test_kserve_points_at_the_repository(exported, tmp_path):
    lay_out(tmp_path / "k", exported, Layout("kserve", NAME, "s3://models/here/"))
    told = yaml.safe_load((tmp_path / "k" / "inferenceservice.yaml").read_text())
    assert told["metadata"]["name"] == "archcast-fbnet-latency-raspi4"
    model = told["spec"]["predictor"]["model"]
    assert model["storageUri"] == "s3://models/here/models"
    assert model["modelFormat"]["name"] == "triton"
    assert (tmp_path / "k" / "models" / NAME / "1" / "model.onnx").is_file()


def test_only_an_earlier_export_is_replaced(exported, tmp_path):
    for kind in ("kserve", "triton"):
        lay_out(tmp_path / "o", exported, Layout(kind, NAME))
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == [NAME, "manifest.json"]
    assert json.loads((tmp_path / "o" / "manifest.json").read_text())["unit"] == "ms"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    with pytest.raises(archcast.InputError, match="holds something else"):
        lay_out(tmp_path / "full", exported, Layout("triton", NAME))
    with pytest.raises(archcast.InputError, match="cannot be read"):
        lay_out(tmp_path / "new", tmp_path / "full", Layout("triton", NAME))


def test_bad_layouts_are_told():
    with pytest.raises(archcast.UnknownNameError, match="kserve, plain, triton"):
        Layout("torchserve", NAME)
    with pytest.raises(archcast.InputError, match="storage must be an address"):
        Layout("kserve", NAME, "models")
