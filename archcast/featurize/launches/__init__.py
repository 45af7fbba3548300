"""What PyTorch launches for a network, one step after another, with number formats and layouts of memory."""
