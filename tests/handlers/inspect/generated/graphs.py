"""Graphs as ComfyUI writes them: the usual shapes of its templates, and some that leave the prompt open."""

from typing import Any

Graph = dict[str, dict[str, Any]]


def node(kind: str, **inputs: object) -> dict[str, Any]:
    """Return one node."""
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


def typed(text: object) -> dict[str, Any]:
    """Return a node in which somebody typed."""
    return node("CLIPTextEncode", text=text, clip=["4", 1])


def sampler(positive: str, negative: str, seed: object = 5, latent: str = "5") -> dict[str, Any]:
    """Return a sampler between two prompts."""
    return node(
        "KSampler", seed=seed, steps=20, cfg=8.0, sampler_name="euler", scheduler="normal", denoise=1.0, model=["4", 0],
        positive=[positive, 0], negative=[negative, 0], latent_image=[latent, 0],
    )  # fmt: skip


def plain(prompt: str, negative: str, seed: int, model: str) -> Graph:
    """Return the graph that ComfyUI starts with."""
    return {
        "3": sampler("6", "7", seed),
        "4": node("CheckpointLoaderSimple", ckpt_name=model),
        "5": node("EmptyLatentImage", width=512, height=512, batch_size=1),
        "6": typed(prompt),
        "7": typed(negative),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
    }


def flux(prompt: str, seed: int, model: str) -> Graph:
    """Return the graph for Flux: a guider, and no negative prompt."""
    return {
        "5": node("EmptyLatentImage", width=1024, height=1024, batch_size=1),
        "6": node("CLIPTextEncode", text=prompt, clip=["11", 0]),
        "8": node("VAEDecode", samples=["13", 0], vae=["10", 0]),
        "9": node("SaveImage", filename_prefix="Flux", images=["8", 0]),
        "10": node("VAELoader", vae_name="ae.safetensors"),
        "11": node("DualCLIPLoader", clip_name1="t5xxl_fp16.safetensors", clip_name2="clip_l.safetensors", type="flux"),
        "12": node("UNETLoader", unet_name=model, weight_dtype="default"),
        "13": node(
            "SamplerCustomAdvanced", noise=["25", 0], guider=["22", 0], sampler=["16", 0], sigmas=["17", 0],
            latent_image=["5", 0],
        ),
        "16": node("KSamplerSelect", sampler_name="euler"),
        "17": node("BasicScheduler", scheduler="simple", steps=20, denoise=1, model=["30", 0]),
        "22": node("BasicGuider", model=["30", 0], conditioning=["26", 0]),
        "25": node("RandomNoise", noise_seed=seed),
        "26": node("FluxGuidance", guidance=3.5, conditioning=["6", 0]),
        "30": node("ModelSamplingFlux", max_shift=1.15, base_shift=0.5, width=1024, height=1024, model=["12", 0]),
    }  # fmt: skip
