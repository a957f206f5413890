"""Which of a graph's texts is the prompt, and when that is left open."""

from copy import deepcopy
from typing import Any

import pytest

from contracts.embedded import Embedded
from handlers.inspect.embedded.comfyui import read
from tests.handlers.inspect.generated.graphs import Graph, flux, node, plain, sampler, typed


def change(graph: Graph, **nodes: dict[str, Any]) -> Graph:
    """Return the graph with other nodes under some ids, which begin with "n" here."""
    return deepcopy(graph) | {name.removeprefix("n"): other for name, other in nodes.items()}


def told(graph: Graph) -> Embedded:
    """Return what is read from a graph, which must be something."""
    embedded = read({"prompt": graph})
    assert embedded is not None
    return embedded


def prompts(graph: Graph) -> tuple[str, str, bool]:
    """Return the prompts, and whether they are certain."""
    embedded = told(graph)
    return embedded.prompt, embedded.negative_prompt, embedded.certain


START = plain("a cat", "a dog", 7, "model.safetensors")
GUIDED = flux("a cat", 7, "flux.safetensors")


def test_the_first_graph() -> None:
    assert told(START) == Embedded(
        generator="comfyui", prompt="a cat", negative_prompt="a dog", model="model.safetensors", seed=7
    )


def test_the_order_of_nodes_does_not_matter() -> None:
    assert told(dict(reversed(START.items()))) == told(START)


def test_which_prompt_is_negative_is_what_the_sampler_says() -> None:
    assert prompts(change(START, n3=sampler("7", "6"))) == ("a dog", "a cat", True)


def test_a_guider() -> None:
    assert told(GUIDED) == Embedded(generator="comfyui", prompt="a cat", model="flux.safetensors", seed=7)
    both = node("CFGGuider", model=["30", 0], positive=["6", 0], negative=["7", 0], cfg=4)
    assert prompts(change(GUIDED, n22=both, n7=typed("a dog"))) == ("a cat", "a dog", True)


def test_a_prompt_that_is_set_to_nothing_is_none() -> None:
    zero = node("ConditioningZeroOut", conditioning=["6", 0])
    assert prompts(change(START, n7=zero)) == ("a cat", "", True)


def test_nodes_that_pass_both_prompts_on_keep_them_apart() -> None:
    control = node(
        "ControlNetApplyAdvanced", positive=["6", 0], negative=["7", 0], control_net=["21", 0], image=["22", 0],
        strength=1, start_percent=0, end_percent=1,
    )  # fmt: skip
    assert prompts(change(START, n20=control, n3=sampler("20", "20"))) == ("a cat", "a dog", True)
    mask = node("ConditioningSetMask", conditioning=["6", 0], mask=["30", 0])
    assert prompts(change(START, n20=mask, n3=sampler("20", "7"))) == ("a cat", "a dog", True)


def test_loaders_with_prompts_of_their_own() -> None:
    loader = node("Efficient Loader", ckpt_name="other.ckpt", positive="a cat", negative="a dog", seed=1)
    start = node(
        "KSampler (Efficient)", seed=["4", 0], steps=20, cfg=7.0, sampler_name="euler", model=["4", 0],
        positive=["4", 1], negative=["4", 2], latent_image=["4", 3],
    )  # fmt: skip
    embedded = told({"3": start, "4": loader, "9": node("SaveImage", images=["3", 5])})
    assert embedded == Embedded(
        generator="comfyui", prompt="a cat", negative_prompt="a dog", model="other.ckpt", seed=1
    )


def test_embeds_of_other_families() -> None:
    encoder = node("WanVideoTextEncode", positive_prompt="a cat", negative_prompt="a dog", t5=["1", 0])
    bridge = node("WanVideoTextEmbedBridge", positive=["6", 0], negative=["7", 0])
    model = node("WanVideoModelLoader", model="wan.safetensors", base_precision="fp16")
    start = node("WanVideoSampler", steps=30, cfg=6.0, seed=7, model=["2", 0], text_embeds=["1", 0])
    rest = {"2": model, "3": start, "6": typed("a cat"), "7": typed("a dog")}
    expected = Embedded(generator="comfyui", prompt="a cat", negative_prompt="a dog", model="wan.safetensors", seed=7)
    assert told({"1": encoder, **rest}) == expected
    assert told({"1": bridge, **rest}) == expected


@pytest.mark.parametrize(
    "source",
    [
        node("PrimitiveStringMultiline", value="a cat"),
        node("String Literal", string="a cat"),
        node("CR Prompt Text", prompt="a cat"),
        node("ShowText|pysssss", text=["31", 0], text_0="a cat"),
    ],
)
def test_a_text_typed_elsewhere(source: dict[str, Any]) -> None:
    assert prompts(change(START, n6=typed(["30", 0]), n30=source)) == ("a cat", "a dog", True)


def test_encoders_with_several_fields() -> None:
    same = node("CLIPTextEncodeSDXL", width=1024, text_g="a cat", text_l="a cat", clip=["4", 1])
    assert prompts(change(START, n6=same)) == ("a cat", "a dog", True)
    different = node("CLIPTextEncodeFlux", clip_l="cat", t5xxl="a cat on a mat", guidance=3.5, clip=["4", 1])
    assert prompts(change(START, n6=different)) == ("cat\na cat on a mat", "a dog", False)


def test_several_texts_leave_open_which_is_the_prompt() -> None:
    combined = node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["30", 0])
    graph = change(START, n20=combined, n30=typed("a mat"), n3=sampler("20", "7"))
    assert prompts(graph) == ("a cat\na mat", "a dog", False)


@pytest.mark.parametrize(
    "kind", ["ImpactWildcardProcessor", "DPRandomGenerator", "OllamaGenerate", "WD14Tagger|pysssss"]
)
def test_a_text_that_was_made_of_another_is_uncertain(kind: str) -> None:
    graph = change(START, n6=typed(["30", 0]), n30=node(kind, text="a {cat|dog}"))
    assert prompts(graph) == ("a {cat|dog}", "a dog", False)


def test_a_text_of_which_only_a_part_is_in_the_graph_is_uncertain() -> None:
    joined = node("StringConcatenate", string_a="a cat", string_b=["31", 0], delimiter=", ")
    graph = change(START, n6=typed(["30", 0]), n30=joined, n31=node("LoadText", file="a.txt"))
    assert prompts(graph) == ("a cat", "a dog", False)
    assert prompts(change(START, n6=typed(["30", 0]), n30=joined)) == ("a cat", "a dog", False)


def test_a_text_that_is_nowhere_in_the_graph_is_missing() -> None:
    assert prompts(change(START, n6=typed(["30", 0]), n30=node("LoadText", file="a.txt"))) == ("", "a dog", False)
    assert prompts(change(START, n6=typed(["99", 0]))) == ("", "a dog", False)


def test_the_sampler_next_to_the_output_counts() -> None:
    second = sampler("30", "7", seed=8, latent="3")
    decoded = node("VAEDecode", samples=["40", 0], vae=["4", 2])
    same = change(START, n40=sampler("6", "7", seed=8, latent="3"), n8=decoded)
    assert prompts(same) == ("a cat", "a dog", True)
    other = change(START, n40=second, n30=typed("a mat"), n8=decoded)
    assert prompts(other) == ("a mat", "a dog", False)
    assert told(other).seed == 8


def test_a_refiner_has_neither_the_seed_nor_the_model() -> None:
    inputs = {"noise_seed": 0, "add_noise": "disable", "model": ["61", 0], "latent_image": ["3", 0], "steps": 25}
    refiner = node("KSamplerAdvanced", **inputs, positive=["6", 0], negative=["7", 0])
    decoded = node("VAEDecode", samples=["40", 0], vae=["4", 2])
    loader = node("CheckpointLoaderSimple", ckpt_name="refiner.safetensors")
    assert told(change(START, n40=refiner, n61=loader, n8=decoded)) == told(START)


def test_a_sampler_whose_picture_is_only_shown_comes_second() -> None:
    shown = {"40": sampler("30", "7", seed=8), "30": typed("a mat"), "41": node("PreviewImage", images=["40", 0])}
    assert prompts(shown | START) == ("a cat", "a dog", False)


def test_a_seed_from_a_node_of_its_own() -> None:
    assert told(change(START, n3=sampler("6", "7", seed=["50", 0]), n50=node("PrimitiveInt", value=11))).seed == 11
    assert told(change(START, n3=sampler("6", "7", seed=["50", 0]), n50=node("Seed (rgthree)", seed=12))).seed == 12
    assert told(change(START, n3=sampler("6", "7", seed=["99", 0]))).seed is None


def test_the_model_behind_what_was_added_to_it() -> None:
    lora = node("LoraLoader", lora_name="detail.safetensors", model=["4", 0], clip=["4", 1])
    graph = change(START, n60=lora)
    graph["3"]["inputs"]["model"] = ["60", 0]
    assert told(graph).model == "model.safetensors"


def test_a_service_has_a_prompt_and_no_sampler() -> None:
    service = {"1": node("IdeogramV3", prompt="a cat", seed=3), "2": node("SaveImage", images=["1", 0])}
    assert prompts(service) == ("a cat", "", False)
    assert read({"prompt": service | {"3": node("IdeogramV3", prompt="a dog")}}) is None


def test_a_graph_that_only_enlarges_a_photograph_has_none() -> None:
    graph = {
        "1": node("LoadImage", image="photo.jpg"),
        "2": node("ImageScale", image=["1", 0], width=2000),
        "3": node("SaveImage", images=["2", 0]),
    }
    assert read({"prompt": graph}) is None


@pytest.mark.parametrize("prompt", ["a cat", "[]", "{}", '{"a": 1}', '{"a": {"class_type": "KSampler"}}', None, 3])
def test_what_is_no_graph_is_nothing(prompt: object) -> None:
    try:
        assert read({"prompt": prompt}) is None
    except ValueError:
        assert prompt == "a cat"
