"""Every reason code there is, as a sentence for a person."""

from typing import Final

REASONS: Final[dict[str, str]] = {
    # why a job waits or is due
    "": "",
    "upstream": "waits for the jobs before it",
    "inspection": "waits until the picture has been looked at",
    "forced": "was asked for",
    "alone": "was under way when the model's runner crashed; is tried again alone",
    "not_ours": "another program does this",
    # why there is nothing to do
    "present": "its values are there already",
    "kept": "done; a person's value was kept",
    "kept_for_person": "a person wrote, changed, deleted or locked what it would write",
    "media_deleted": "the medium was deleted",
    "switched_off": "BILDWERK_JOB_TYPES does not name it",
    "unreadable_picture": "there is no picture to look at",
    "no_quality": "there is no quality analysis to rest on, and nobody asked for scores",
    # why there is no picture
    "bad_reference": "the path does not lead to a file below the media root",
    "missing_file": "the file is not there",
    "not_a_file": "the path is a folder or a device",
    "permission_denied": "the file may not be read",
    "empty_file": "the file is empty",
    "file_too_large": "the file is larger than BILDWERK_PICTURE_MAX_BYTES",
    "unsupported_format": "the file is none of JPEG, PNG, WebP, GIF, AVIF, HEIC, whatever its name says",
    "truncated_picture": "the file ends before its picture does",
    "undecodable_picture": "the file is broken",
    "too_many_pixels": "the picture has more pixels than BILDWERK_PICTURE_MAX_PIXELS",
    "bad_aspect": "the picture is a strip",
    "metadata_bomb": "the file unfolds to many megabytes of metadata",
    "decoder_crashed": "the decoder crashed over the file, twice",
    "decoder_timeout": "the file took longer to decode than BILDWERK_DECODER_SECONDS",
    "decoder_out_of_memory": "the file needs more memory than BILDWERK_DECODER_MEMORY_BYTES",
    "poison": "the picture crashes the model's runner",
    "media_root_unavailable": "the media root is away",
    "decoder_unavailable": "no decoder process could be started",
    "content_changed": "the file changed meanwhile",
    "not_inspected": "the picture has not been looked at yet",
    # why an answer was not usable
    "not_json": "the answer is not JSON",
    "too_deep": "the answer is nested too deeply",
    "wrong_shape": "the answer has other fields than it should",
    "answer_too_large": "the answer is too large",
    "length": "the answer did not fit",
    "unfinished": "the answer was not finished",
    "empty": "the answer is empty",
    "only_thoughts": "the model only thought aloud",
    "cut_off": "the text has no end",
    "template_leak": "the text holds leftovers of a template",
    "nested_json": "the text holds JSON",
    "refusal": "the model refused",
    "empty_talk": "the text says nothing",
    "repetition": "the text repeats itself",
    "prompt_echo": "the text repeats the question",
    "injected": "the text follows orders that somebody wrote into the picture or a field",
    "wrong_language": "the text is in another language",
    "title_too_long": "the title is too long",
    "prompt_overlooked": "the model says that there is no prompt, but it was shown one",
    # why a call failed
    "bad_request": "the server refuses the request",
    "request_too_large": "the server refuses a request of this size",
    "context_exceeded": "picture and question do not fit into BILDWERK_NUM_CTX",
    "picture_refused": "the server cannot read the picture",
    "runner_crashed": "the model's runner crashed",
    "server_error": "the server reports an error",
    "connection_reset": "the connection broke",
    "partial_answer": "the answer broke off",
    "garbled_response": "the server sent what is no answer",
    "response_too_large": "the server sent far too much",
    "encoded_response": "the server sent a compressed answer that was not asked for",
    # why a host is not asked
    "unreachable": "nothing answers at that address",
    "connect_timeout": "nothing answers in time at that address",
    "timeout": "there was no answer in time",
    "gateway": "the proxy in front of it cannot reach it",
    "redirected": "it sends us elsewhere: name the address it sends to",
    "rate_limited": "it says that it was asked too often",
    "server_busy": "its queue is full",
    "unauthorized": "it wants a password or a key",
    "forbidden": "it does not let us in",
    "not_ollama": "what answers there is not Ollama",
    "bad_host": "the address is no address",
    "model_missing": "it does not have the model",
    "model_blind": "the model cannot look at pictures",
    # what became of a run
    "lease_lost": "another process took the medium over",
    "facts_moved": "the medium changed during the call",
    "crashed": "every process that tried it died",
    "bug": "a mistake of ours: the log says where",
}
"""Sentences without capital and full stop, to stand after a colon; codes may be logged, sentences are for people."""


LETTERS: Final[dict[str, str]] = {
    "tombstone": "there is no value",
    "empty_value": "the value is empty",
    "too_large": "the value is larger than BILDWERK_EVENT_MAX_BYTES",
    "too_deep": "the value is nested too deeply",
    "not_utf8": "the value is not UTF-8",
    "not_json": "the value is not JSON",
    "not_an_object": "the value, or a CloudEvent's data, is JSON but no object",
    "duplicate_keys": "an object names a key twice",
    "bad_number": "a number is infinite or has too many digits",
    "bad_header": "a header is not UTF-8",
    "unknown_content_type": "the content type is a kind of CloudEvents that we do not read",
    "unknown_specversion": "the version of CloudEvents is not 1.0",
    "missing_attribute": "a CloudEvent lacks id, source, specversion or type",
    "bad_attribute": "an attribute of a CloudEvent is empty, too long or holds control characters",
    "missing_media_id": "there is no media_id",
    "bad_media_id": "media_id is no positive integer",
    "missing_field": "a field that must be there is not",
    "bad_field": "a field has the wrong type or is out of bounds",
    "media_missing": "the platform never had this medium, however often we looked",
    "unplannable": "planning it failed, alone too",
}
"""Why an event became a dead letter (`bildwerk.dead_letters`, and the topic of the same name)."""


def say(reason: str) -> str:
    """The sentence of a code; an unknown one speaks for itself."""
    return REASONS.get(reason, reason.replace("_", " "))
