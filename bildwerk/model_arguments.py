"""What the rooms are told of the models: who answers what, and how claims swap them."""

from collections.abc import Callable, Collection

from bildwerk.settings import Settings
from consumers.model_choice import SwapLimits
from consumers.swaps import Claiming, Swaps
from db import leases
from handlers.chain import Chain
from handlers.inference.picture_tokens import count_dearest
from handlers.models import Models
from handlers.registry import load_stages
from handlers.runner.asking import Asker
from handlers.runner.work import Model, Pictures


def make_models(settings: Settings) -> Models:
    """Who answers which job type."""
    return Models(settings.model, settings.models)


def list_textual(settings: Settings) -> frozenset[str]:
    """The models that are never shown a picture."""
    models, seeing = make_models(settings), {stage.job_type for stage in load_stages() if stage.needs_picture}
    return frozenset(settings.models.values()) - {settings.model} - {models.of(job_type) for job_type in seeing}


def make_asker(settings: Settings, pictures: Pictures, model: Model) -> Asker:
    """What asks the model."""
    models = make_models(settings)
    dearest = max(
        count_dearest(name, settings.picture_longest_side) for name in {models.usual, *models.others.values()}
    )
    return Asker(pictures, model, models, room=settings.num_ctx - dearest)


def make_claiming(settings: Settings, chain: Chain, serves: Callable[[str], Collection[str]]) -> Claiming:
    """How media are claimed: for the model that a host runs, where there are several."""
    if len(chain.lines) < 2:
        return leases.claim
    return Swaps(chain.lines, serves, SwapLimits(settings.swap_media, settings.swap_seconds)).claim
