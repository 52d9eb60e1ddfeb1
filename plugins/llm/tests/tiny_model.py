"""Writes a tiny model of random weights, which talks nonsense, byte by byte: `python tiny_model.py FILE`.

It needs `gguf` and numpy, which come with the environment that `make test-llm` makes.
"""

import sys
from typing import Any, Final

WIDTH: Final = 64
HIDDEN: Final = 128
LAYERS: Final = 2
HEADS: Final = 4
CONTEXT: Final = 2048
WORDS: Final = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
_UNKNOWN, _CONTROL, _BYTE = 2, 3, 6


def write(path: str) -> None:
    """Write the model as a file that llama.cpp reads."""
    import gguf
    import numpy

    chance = numpy.random.default_rng(7)

    def weights(*shape: int) -> Any:
        return (chance.standard_normal(shape) * 0.05).astype(numpy.float32)

    def ones() -> Any:
        return numpy.ones(WIDTH, dtype=numpy.float32)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(WORDS))
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(WORDS)
    writer.add_token_scores([0.0] * len(WORDS))
    writer.add_token_types([_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: ")
    writer.add_tensor("token_embd.weight", weights(len(WORDS), WIDTH))
    writer.add_tensor("output_norm.weight", ones())
    writer.add_tensor("output.weight", weights(len(WORDS), WIDTH))
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", ones())
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights(WIDTH, WIDTH))
        for name, shape in (("ffn_gate", (HIDDEN, WIDTH)), ("ffn_up", (HIDDEN, WIDTH)), ("ffn_down", (WIDTH, HIDDEN))):
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights(*shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(sys.argv[1])
