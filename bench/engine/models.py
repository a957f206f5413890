"""Vision models with random weights, written on the spot: one with full attention, one with a sliding window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from gguf import GGUFWriter, TokenType
from numpy.typing import NDArray

Attention = Literal["full", "sliding"]
Weights = NDArray[np.float32]
Tokens = Sequence[tuple[str, TokenType]]

WINDOW: Final = 512
"""Tokens that most layers of the sliding model see; every sixth sees all, as in gemma3."""
_CONTEXT: Final = 32_768
_EPSILON: Final = 1e-5
_TEMPLATE: Final = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_SPACE: Final = "\u2581"
_NEVER, _OFTEN = -30.0, 0.6
_ENDS: Final = frozenset('",}]')
_STUTTER: Final = 1.5
"""How much less likely a token is right after itself; without it small random models repeat one for ever."""


@dataclass(frozen=True, slots=True)
class Size:
    """Widths and depths of the text model and of what reads pictures."""

    width: int = 512
    layers: int = 8
    heads: int = 8
    inner: int = 1536
    sight_width: int = 256
    sight_layers: int = 4
    sight_heads: int = 4
    sight_inner: int = 512
    side: int = 896
    patch: int = 14
    merge: int = 2


SIZES: Final[dict[Attention, Size]] = {"full": Size(), "sliding": Size(merge=4)}


def write_models(
    folder: Path, attention: Attention, texts: Iterable[str], size: Size | None = None
) -> tuple[Path, Path]:
    """The paths of text model and projector; the same weights every time.

    The words of `texts` are a token each, so that prompts made of them are about as long as in real vocabularies; what
    the model writes is single characters. A picture is 1024 tokens with full attention, about what qwen3-vl makes of
    1024 x 1024 pixels, and 256 with a sliding window, as many as gemma3 makes of any.
    """
    size = size or SIZES[attention]
    text, sight = folder / f"{attention}.gguf", folder / f"{attention}-sight.gguf"
    _write_text(text, attention, size, _list_tokens(texts))
    _write_sight(sight, size)
    return text, sight


def _list_tokens(texts: Iterable[str]) -> Tokens:
    """Every beginning of a word is there as well: the tokenizer puts words together letter by letter."""
    words = {word for text in texts for word in text.split() if word.isascii()}
    beginnings = {start + word[:end] for word in words for start in ("", _SPACE) for end in range(1, len(word) + 1)}
    control = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<start_of_image>", "<end_of_image>"]
    return [
        ("<unk>", TokenType.UNKNOWN),
        *((token, TokenType.CONTROL) for token in control),
        *((f"<0x{byte:02X}>", TokenType.BYTE) for byte in range(256)),
        (_SPACE, TokenType.NORMAL),
        *((chr(code), TokenType.NORMAL) for code in range(33, 127)),
        *((piece, TokenType.NORMAL) for piece in sorted(beginnings) if len(piece) > 1),
    ]


def _lean(token: str) -> float:
    """How much a token is liked: white space and bytes never, what ends a JSON text rather often."""
    if len(token) > 1 or token == _SPACE:
        return _NEVER
    return _OFTEN if token in _ENDS else 0.0


def _draw(random: np.random.Generator, *shape: int, scale: float | None = None) -> Weights:
    drawn = random.standard_normal(shape) * (1 / np.sqrt(shape[-1]) if scale is None else scale)
    return np.asarray(drawn, dtype=np.float32)


def _write_text(path: Path, attention: Attention, size: Size, listed: Tokens) -> None:
    """A llama, or a gemma3. Nothing is ever written to the first dimension: there the leanings of tokens stand."""
    random, tokens = np.random.default_rng(0), [token for token, _ in listed]
    writer = GGUFWriter(path, "llama" if attention == "full" else "gemma3")
    _describe_text(writer, attention, size)
    _describe_tokens(writer, listed)
    embedding = _draw(random, len(tokens), size.width)
    embedding[:, 0] = 1.0
    writer.add_tensor("token_embd.weight", embedding)
    for layer in range(size.layers):
        for name, tensor in _make_layer(random, attention, size).items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", tensor)
    writer.add_tensor("output_norm.weight", np.ones(size.width, np.float32))
    head = _draw(random, len(tokens), size.width) - np.float32(_STUTTER) * embedding
    head[:, 0] = [_lean(token) for token in tokens]
    writer.add_tensor("output.weight", head)
    _finish(writer)


def _make_layer(random: np.random.Generator, attention: Attention, size: Size) -> dict[str, Weights]:
    width, inner = size.width, size.inner
    tensors = {name: _draw(random, width, width) for name in ("attn_q", "attn_k", "attn_v", "attn_output")}
    tensors |= {name: _draw(random, inner, width) for name in ("ffn_gate", "ffn_up")}
    tensors["ffn_down"] = _draw(random, width, inner)
    tensors |= {name: np.ones(width, np.float32) for name in ("attn_norm", "ffn_norm")}
    tensors["attn_output"][0] = tensors["ffn_down"][0] = 0
    if attention == "sliding":
        after = np.ones(width, np.float32)
        after[0] = 0
        tensors |= dict.fromkeys(("post_attention_norm", "post_ffw_norm"), after)
        each = np.ones(width // size.heads, np.float32)
        tensors |= dict.fromkeys(("attn_q_norm", "attn_k_norm"), each)
    return tensors


def _describe_text(writer: GGUFWriter, attention: Attention, size: Size) -> None:
    writer.add_type("model")
    writer.add_name(f"random model with {attention} attention")
    writer.add_file_type(0)
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(size.width)
    writer.add_block_count(size.layers)
    writer.add_feed_forward_length(size.inner)
    writer.add_head_count(size.heads)
    writer.add_head_count_kv(size.heads)
    writer.add_layer_norm_rms_eps(_EPSILON)
    writer.add_rope_dimension_count(size.width // size.heads)
    if attention == "sliding":
        writer.add_sliding_window(WINDOW)
        writer.add_key_length(size.width // size.heads)
        writer.add_value_length(size.width // size.heads)


def _describe_tokens(writer: GGUFWriter, listed: Tokens) -> None:
    writer.add_vocab_size(len(listed))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token, _ in listed])
    writer.add_token_scores([_score(token, kind) for token, kind in listed])
    writer.add_token_types([kind for _, kind in listed])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(_TEMPLATE)


def _score(token: str, kind: TokenType) -> float:
    if kind is not TokenType.NORMAL:
        return 0.0
    return -1.0 if token == _SPACE else -2.0 + 0.01 * len(token)


def _write_sight(path: Path, size: Size) -> None:
    """A projector of gemma3's kind: as many tokens for every picture, whatever is on it."""
    random, width = np.random.default_rng(1), size.sight_width
    writer = GGUFWriter(path, "clip")
    _describe_sight(writer, size)
    side = size.side // size.patch
    _put(writer, "v.patch_embd", _draw(random, width, 3, size.patch, size.patch, scale=0.02), width)
    _put(writer, "v.position_embd", _draw(random, side * side, width, scale=0.02))
    for layer in range(size.sight_layers):
        block = f"v.blk.{layer}."
        for name in ("ln1", "ln2"):
            _put(writer, block + name, np.ones(width, np.float32), width)
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            _put(writer, block + name, _draw(random, width, width), width)
        _put(writer, block + "ffn_up", _draw(random, size.sight_inner, width), size.sight_inner)
        _put(writer, block + "ffn_down", _draw(random, width, size.sight_inner), width)
    _put(writer, "v.post_ln", np.ones(width, np.float32), width)
    _put(writer, "mm.soft_emb_norm", np.ones(width, np.float32))
    _put(writer, "mm.input_projection", _draw(random, width, size.width, scale=0.05))
    _finish(writer)


def _describe_sight(writer: GGUFWriter, size: Size) -> None:
    writer.add_type("mmproj")
    writer.add_name("random projector")
    writer.add_file_type(0)
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "gemma3")
    writer.add_bool("clip.use_gelu", True)
    whole: dict[str, int] = {
        "image_size": size.side, "patch_size": size.patch, "embedding_length": size.sight_width,
        "feed_forward_length": size.sight_inner, "projection_dim": size.width, "block_count": size.sight_layers,
        "attention.head_count": size.sight_heads, "projector.scale_factor": size.merge,
    }  # fmt: skip
    for key, value in whole.items():
        writer.add_uint32(f"clip.vision.{key}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    half: Sequence[Any] = [0.5, 0.5, 0.5]
    writer.add_array("clip.vision.image_mean", half)
    writer.add_array("clip.vision.image_std", half)


def _put(writer: GGUFWriter, name: str, weight: Weights, bias: int = 0) -> None:
    writer.add_tensor(f"{name}.weight", weight)
    if bias:
        writer.add_tensor(f"{name}.bias", np.zeros(bias, np.float32))


def _finish(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
