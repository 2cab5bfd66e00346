"""Secrets are refused and never repeated in messages; similar harmless values pass."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.compiler import spec_rules
from pbt_tui.compiler.validate import validate
from pbt_tui.diagnostics import credentials
from pbt_tui.errors import Diagnostic
from pbt_tui.spec import Processes, encode
from tests.compiler.compile_specs import box, job, spec

PLACEHOLDER = re.compile("xxx|your|todo|fake|dummy|example|insert", re.IGNORECASE).match
HEX = "0123456789abcdef0123456789abcdef01234567"
MIXED = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb3dEf6h"
"""Forty letters and digits."""
TOKENS = {
    "a GitHub token": ["ghp_" + MIXED[:36], "ghs_" + MIXED[:36], "github_pat_11A" + MIXED],
    "a GitLab token": ["glpat-" + MIXED[:20]],
    "a Hugging Face token": ["hf_" + MIXED[:34]],
    "an AWS access key": ["AKIA" + "ABCD1234EFGH5678"],
    "a Slack token": ["xoxb-123456789012-" + MIXED[:24]],
    "a Google API key": ["AIza" + MIXED[:35]],
    "an NVIDIA API key": ["nvapi-" + MIXED],
    "an API key": ["sk-" + MIXED, "sk-proj-" + MIXED, "sk-ant-api03-" + MIXED],
    "an npm token": ["npm_" + MIXED[:36]],
    "a JSON web token": [f"eyJ{MIXED}.eyJ{MIXED}.{MIXED}"],
    "a private key": ["-----BEGIN OPENSSH PRIVATE KEY-----\na", "-----BEGIN PRIVATE KEY-----"],
    "a password in a URL": ["redis://user:hunter2@host:6379/0", "https://:hunter2@host"],
}  # fmt: skip
SECRETS = [(kind, value) for kind, values in TOKENS.items() for value in values]
NAMED = [
    ("WANDB_API_KEY", HEX, "an API key"),
    ("wandb.key", HEX, "an API key"),
    ("wandbApiKey", HEX, "an API key"),
    ("apikey", "q1w2e3", "an API key"),
    ("password", "hunter2", "a password"),
    ("db-password", "12345678", "a password"),
    ("POSTGRES_PASSWORD", "postgres", "a password"),
    ("client_secret", "q1w2e3r4", "a secret"),
    ("AWS_SECRET_ACCESS_KEY", MIXED, "a secret"),
    ("HF_TOKEN", "q1w2e3r4", "a token"),
    ("MY_TOKEN", "abcdefghij", "a token"),
    ("auth_token", "q1w2-e3r4", "a token"),
]
HARMLESS = [
    *("--num_tokens=4096", "token_dim=8", "--max_tokens", "--max_tokens=100000", "n_tokens=1e9"),
    *("--tokenizer=bpe-32k-v2", "pad_token=token1234", "eos_token=<|endoftext|>", "token=a"),
    *("--keys=obs1,obs2", "obs_key=image0rgb1", "monkey=banana12", "key=value1234567", "turkey=1"),
    *("--api_key=$WANDB_API_KEY", "--api_key=${oc.env:WANDB_API_KEY}", "--api_key=WANDB_API_KEY"),
    *("--api_key=", "--api_key=none", "--password=None", "--password=********", "--secret=True"),
    *("--api_key=<your key>", "--api_key=your-key-here", "--api_key=/run/secrets/wandb"),
    *("--token=./token.txt", "--token_file=q1w2e3r4t5", "--api_key_env=q1w2e3r4", "secret=0.5"),
    *(f"--commit={HEX}", f"--sha256={HEX}{HEX[:24]}", "--run_id=3f2a9c1e-0b7d-4e5f-8a6b-1c2d"),
    *("--wandb_project=my-project-12345678", "--wandb_group=sk-learn-random-forest-baseline-long"),
    *("env=task-aaaaaaaaaaaaaaaaaaaaaaaa1", "--model=hf_transformer_encoder_large_uncased_v2"),
    *("https://host:8080/path@v2", "docker://a/b:c@sha256:0f", "redis://user:$PASS@host", "s3://a:b"),
    *("eyJ.eyJ.x", "-----BEGIN CERTIFICATE-----", "AKIA", "PWD=/home/ant/work1", "pwd=abc12345"),
    *("checkpoint=runs/ghp_best/000009.pth", "a.b.c=[256,128]", "secretary=problem12", "--token"),
]  # fmt: skip


def argv(*words: str) -> Processes:
    return spec(jobs=(job(argv=("python", "train.py", *words)),))


def found(value: Processes) -> list[Diagnostic]:
    return [d for d in spec_rules.check(value) if d.code in credentials.CODES]


@pytest.mark.parametrize(("kind", "value"), SECRETS)
def test_known_forms_are_refused_wherever_they_stand(kind: str, value: str) -> None:
    for words in (
        [value],
        [f"--note={value}"],
        ["--note", value],
        [f"curl -H 'X: {value}' host"],
        [f'{{"a": "{value}"}}'],
        value.split(),
    ):
        if "://" in value and len(words) == 1 and words[0].startswith("{"):
            continue  # its quote would be part of the password
        [d, *_] = found(argv(*words))
        assert (d.code, d.level) == ("PBT324", "error")
        assert kind in d.message
    [d] = found(spec(jobs=(job(env={"NOTE": value}),)))
    assert (d.code, d.level, d.where.pointer) == ("PBT531", "error", "/jobs/0/env/NOTE")
    assert kind in d.message


@pytest.mark.parametrize(("name", "value", "kind"), NAMED)
def test_what_is_called_a_secret_is_refused(name: str, value: str, kind: str) -> None:
    for words in (
        [f"--{name}={value}"],
        [f"+{name}={value}"],
        [f"--{name}", value],
        [f"sh -c 'export {name}={value}; run'"],
        [f'{{"{name}": "{value}"}}'],
    ):
        [d] = found(argv(*words))
        assert (d.code, d.level) == ("PBT324", "error")
        assert f"`{name}` holds {kind}" in d.message
        assert "`--env_from NAME`" in (d.hint or "")
    [d] = found(spec(jobs=(job(env={name: value}),)))
    assert d.message == f"`{name}` holds {kind}, and spec files are read by everybody"
    assert f"`--env_from {name}`" in (d.hint or "")


@pytest.mark.parametrize("word", HARMLESS)
def test_what_is_none_passes(word: str) -> None:
    assert [d.message for d in found(argv(word))] == []
    assert [d.message for d in found(argv(word, "next"))] == []
    name, equals, value = word.partition("=")
    if equals:
        assert found(spec(jobs=(job(env={name: value}),))) == []


def test_every_job_is_asked_and_each_name_is_said_once() -> None:
    words = ("python", "train.py", "--lr=1")
    jobs = [job(i, argv=(*words, f"--seed={i}")) for i in range(50)]
    assert found(spec(jobs=tuple(jobs))) == []
    for place in (0, 1, 2, 17, 49):
        for value in (f"--note=ghp_{MIXED}", f"--hf_token={MIXED}", f"--x=redis://a:{HEX}@h"):
            spoilt = list(jobs)
            spoilt[place] = job(place, argv=(*words, value))
            [d] = found(spec(jobs=tuple(spoilt)))
            assert d.where.pointer == f"/jobs/{place}/argv/3"
    many = tuple(job(i, argv=(*words, f"--hf_token={i}{MIXED}")) for i in range(50))
    assert len(found(spec(jobs=many))) == 1


@pytest.mark.parametrize(
    "word",
    [
        *(word for _, value in SECRETS for word in (value, f"--note={value}")),
        *(f"--{name}={value}" for name, value, _ in NAMED),
    ],
)
def test_the_quick_look_overlooks_none(word: str) -> None:
    """It is all that a job gets whose command is like the one before."""
    jobs = [job(i, argv=("python", "train.py", "--lr=1", f"--seed={i}")) for i in range(9)]
    jobs[7] = job(7, argv=("python", "train.py", "--lr=1", word))
    assert [d.code for d in found(spec(jobs=tuple(jobs)))] == ["PBT324"]


def test_the_entry_point_of_a_container() -> None:
    [d] = found(spec(container=box(entrypoint=("sh", f"--api_key={HEX}"))))
    assert (d.code, d.where.pointer) == ("PBT324", "/container/entrypoint/1")


safe = st.text(string.ascii_letters + string.digits, min_size=12, max_size=60).filter(
    lambda t: any(c.isdigit() for c in t) and len(set(t)) > 6 and not PLACEHOLDER(t)
)


@settings(deadline=None)
@given(safe, st.sampled_from(["api_key", "HF_TOKEN", "password"]), st.integers(0, 3))
def test_no_message_repeats_a_secret(value: str, name: str, form: int) -> None:
    words = [
        [f"--{name}={value}", f"--{name}={value}"],
        [f"--{name}", value, f"{name}=x={value}"],
        [f"'--{name}={value}'"],
        [f"sh -c '{name}={value} run'"],
    ][form]
    jobs = (
        job(0, id=f"00_ant_{value}"[:90], argv=("python", *words), population="p", member=0),
        job(1, argv=("python", f"--pbt.policy_idx={name}={value}"), env={name: value}),
    )
    _, said = validate(encode(spec(jobs=jobs)), "f")
    assert {"PBT324", "PBT531"} <= {d.code for d in said}
    assert not [str(d) for d in said if value[:12] in f"{d} {d.where.job}"]


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.builds(
                "--{}={}".format,
                st.sampled_from(["lr", "seed", "env", "gamma", "num_envs", "layers", "note"]),
                st.integers() | st.floats() | st.booleans() | st.text("abz_-./", max_size=40),
            ),
            st.text("abcxyz0189_-./=", max_size=30),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_hyper_parameters_are_no_secrets(words: list[str]) -> None:
    assert found(argv(*words)) == []


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=50))
def test_nothing_is_raised_over_any_text(word: str, name: str) -> None:
    list(credentials.inside((word, name, f"{name}={word}")))
    found(spec(jobs=(job(0, argv=(word, name)), job(1, argv=(name, word)), job(2, argv=("a",)))))


def test_long_words_are_read_in_time() -> None:
    for word in ("a" * 131_000, "a." * 65_000, "=" * 131_000, "--" * 65_000, "eyJ" * 40_000,
                 "a:/" * 40_000, "sk-" * 40_000, "-----BEGIN " + "A " * 60_000):  # fmt: skip
        list(credentials.inside((word,)))
