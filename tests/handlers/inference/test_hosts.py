"""OLLAMA_HOST as everybody knows it, and a little more."""

import pytest

from handlers.inference.hosts import Host, parse_hosts


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("  ", "http://127.0.0.1:11434"),
        ("ollama", "http://ollama:11434"),
        ("ollama:1234", "http://ollama:1234"),
        (":8080", "http://127.0.0.1:8080"),
        ("http://ollama", "http://ollama:80"),
        ("http://", "http://127.0.0.1:80"),
        ("https://ollama", "https://ollama:443"),
        ("HTTPS://Ollama/", "https://ollama:443"),
        ("https://proxy.example/ollama/", "https://proxy.example:443/ollama"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:99", "http://127.0.0.1:99"),
        ("[::]", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("[fe80::1]:99", "http://[fe80::1]:99"),
        ('"ollama:1"', "http://ollama:1"),
        ("'http://ollama:1'", "http://ollama:1"),
        ("ollama.com", "https://ollama.com:443"),
        ("my_service.local:1", "http://my_service.local:1"),
    ],
)
def test_one_host_is_read_as_ollama_reads_it(text: str, url: str) -> None:
    assert parse_hosts(text) == (Host(url, 1),)


def test_several_hosts_with_slots() -> None:
    hosts = parse_hosts("gpu1=4, http://gpu2:80 =2 ,gpu3/path=3,")
    assert [(host.name, host.slots) for host in hosts] == [
        ("gpu1:11434", 4),
        ("gpu2:80", 2),
        ("gpu3:11434/path", 3),
    ]


def test_credentials_are_kept_out_of_every_text() -> None:
    (host,) = parse_hosts("https://alice:s3cret%2C%3D@gpu.example/x=2")
    assert host.credentials == ("alice", "s3cret,=")
    assert host.slots == 2
    for text in (host.name, host.url, repr(host), str(host)):
        assert "s3cret" not in text
        assert "alice" not in text


@pytest.mark.parametrize(
    "text",
    [
        "ftp://gpu",
        "gpu:port",
        "gpu:0",
        "gpu:70000",
        "gpu=0",
        "gpu=",
        "gpu=-1",
        "gpu=many",
        "gpu=99999",
        "g pu",
        "gpu\n.x",
        "gpü",
        "[::1",
        "gpu?x=1",
        "http://gpu#x",
        "-gpu",
        "gpu,gpu:11434",
        "http://user:s3cret@gpu:port",
        "http://user:s3cret@[gpu",
        "http://user:s3cret@gp\u2100u",
    ],
)
def test_what_is_no_host_is_said_clearly_and_without_secrets(text: str) -> None:
    with pytest.raises(ValueError, match="OLLAMA_HOST") as caught:
        parse_hosts(text)
    assert "s3cret" not in str(caught.value)
