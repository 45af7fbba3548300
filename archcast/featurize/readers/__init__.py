"""What networks are read from: ONNX files, torch modules, ncnn's text."""
