"""An endpoint is called where it may be, at the machine that was looked at, and not for ever."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from db import catalogue
from tests.support.happenings import COMPLETED, add, happens, seen
from tests.support.hook_receiver import Receiver, running_receiver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from db.engine import Database


def certified(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate for this name alone, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    whose = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "hooks.pem", folder / "hooks.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return files


def test_a_redirect_is_not_followed(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    with running_receiver() as inside:
        endpoint = add(database, receiver.url)
        receiver.status, receiver.headers = lambda _: 302, {"Location": inside.url}
        happens(database, project, (COMPLETED, uuid4()))

        assert send(receiver.host, inside.host) == 0
        assert inside.calls == []
    assert seen(database, endpoint).last_error == "It answered 302."


def test_an_address_that_is_not_allowed_any_more_is_not_called(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    endpoint = add(database, receiver.url)
    happens(database, project, (COMPLETED, uuid4()))

    assert send("hooks.example.com") == 0
    assert receiver.calls == []
    assert "not allowed" in str(seen(database, endpoint).last_error)


def test_a_name_that_leads_somewhere_else_between_two_looks_is_called_where_it_led(
    database: Database,
    project: UUID,
    receiver: Receiver,
    send: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The DNS is asked once for each call; asked again, it would lead to a forbidden address."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, *given: Any, **named: Any) -> Any:
        if host != "hooks.test":
            return real(host, *given, **named)
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, receiver.port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    endpoint = add(database, f"http://hooks.test:{receiver.port}/hook")
    happens(database, project, (COMPLETED, uuid4()))

    assert send(f"internal:hooks.test:{receiver.port}") == 1
    assert asked == ["hooks.test"]
    assert receiver.calls[0].headers["host"] == f"hooks.test:{receiver.port}"

    happens(database, project, (COMPLETED, uuid4()))
    assert send(f"internal:hooks.test:{receiver.port}") == 0
    assert "never called" in str(seen(database, endpoint).last_error)


def test_an_answer_that_never_ends_is_ended(
    database: Database, project: UUID, receiver: Receiver, send: Callable[..., int]
) -> None:
    endpoint = add(database, receiver.url)
    receiver.drips = True
    happens(database, project, (COMPLETED, uuid4()))

    assert send(timeout=0.4) == 0
    assert "did not answer within 0.4 s" in str(seen(database, endpoint).last_error)


def test_nobody_at_the_address_is_a_failure_like_any_other(
    database: Database, project: UUID, send: Callable[..., int]
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{nobody.getsockname()[1]}"
        endpoint = add(database, f"http://{host}/")
        happens(database, project, (COMPLETED, uuid4()))

        assert send(host) == 0
    assert seen(database, endpoint).last_error == f"{host} does not answer."


def test_a_certificate_must_be_the_names_and_not_the_addresss(
    database: Database,
    project: UUID,
    send: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate, key = certified("hooks.test", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with running_receiver(context) as receiver:
        here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *given, **named: here if host.endswith(".test") else real(host, *given, **named),
        )
        hosts = [f"internal:{name}.test:{receiver.port}" for name in ("hooks", "other")]
        for name in ("hooks", "other"):
            add(database, f"https://{name}.test:{receiver.port}/")
        happens(database, project, (COMPLETED, uuid4()))

        assert send(*hosts) == 1
        assert len(receiver.calls) == 1
    with database.transaction() as session:
        (refused,) = catalogue.unwell_endpoints(session)
    assert "other.test" in refused.url
    assert "no certificate that can be trusted" in str(refused.last_error)
