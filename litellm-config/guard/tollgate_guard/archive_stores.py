"""Where archived months are kept: a bucket of Cloud Storage, a bucket with S3's interface, or a folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

# The condition "only where there is none" was not met (412).
_IS_THERE = 412


class ArchiveError(Exception):
    """The archive does not do what was asked for; the message says why and what to do."""


class Store(Protocol):
    """Objects by name. Every method raises what its client raises when the store does not answer."""

    def put(self, name: str, source: Path) -> None:
        """Writes an object. One that is there already, from a run that was cut off, stays as it is."""

    def get(self, name: str, target: Path) -> None:
        """Reads an object into a file."""


class Folder:
    """A folder of this machine.

    Args:
        path: made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path

    def put(self, name: str, source: Path) -> None:
        target = self._path / name
        if target.exists():
            return
        # Under another name first: an interrupted copy must not look like an archive.
        unfinished = target.with_name(f"{name}.part")
        shutil.copyfile(source, unfinished)
        unfinished.rename(target)

    def get(self, name: str, target: Path) -> None:
        shutil.copyfile(self._path / name, target)


class S3:
    """A bucket with S3's interface, such as MinIO's; its address and keys are the ``AWS_`` variables of boto3.

    Args:
        bucket: its name.
    """

    def __init__(self, bucket: str) -> None:
        import boto3  # type: ignore[import-untyped]

        self._bucket = bucket
        self._client = boto3.client("s3")

    def put(self, name: str, source: Path) -> None:
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]

        try:
            with source.open("rb") as body:
                self._client.put_object(Bucket=self._bucket, Key=name, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != _IS_THERE:
                raise

    def get(self, name: str, target: Path) -> None:
        with target.open("wb") as file:
            shutil.copyfileobj(self._client.get_object(Bucket=self._bucket, Key=name)["Body"], file)


class CloudStorage:
    """A bucket of Cloud Storage, over its JSON API with the machine's own credentials.

    Args:
        bucket: its name.
    """

    _SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
    _SECONDS = 600

    def __init__(self, bucket: str) -> None:
        # Google's own clients read the address of a stand-in from this variable, and send it no credentials.
        stand_in = os.environ.get("STORAGE_EMULATOR_HOST")
        self._root = stand_in or "https://storage.googleapis.com"
        self._bucket = bucket
        if stand_in:
            import requests

            self._session = requests.Session()
        else:
            import google.auth
            from google.auth.transport.requests import AuthorizedSession

            credentials, _ = google.auth.default(scopes=[self._SCOPE])
            self._session = AuthorizedSession(credentials)

    def put(self, name: str, source: Path) -> None:
        with source.open("rb") as body:
            answer = self._session.post(
                f"{self._root}/upload/storage/v1/b/{self._bucket}/o",
                params={"uploadType": "media", "name": name, "ifGenerationMatch": "0"},
                headers={"content-type": "application/gzip"},
                data=body,
                timeout=self._SECONDS,
            )
        if answer.status_code != _IS_THERE:
            answer.raise_for_status()

    def get(self, name: str, target: Path) -> None:
        with (
            self._session.get(
                f"{self._root}/storage/v1/b/{self._bucket}/o/{quote(name, safe='')}",
                params={"alt": "media"},
                stream=True,
                timeout=self._SECONDS,
            ) as answer,
            target.open("wb") as file,
        ):
            answer.raise_for_status()
            for part in answer.iter_content(1 << 20):
                file.write(part)


def open_store() -> Store:
    """The store that the environment names.

    Raises:
        ArchiveError: it names none.
    """
    if bucket := os.environ.get("TOLLGATE_ARCHIVE_GCS_BUCKET"):
        return CloudStorage(bucket)
    if bucket := os.environ.get("TOLLGATE_ARCHIVE_S3_BUCKET"):
        return S3(bucket)
    if folder := os.environ.get("TOLLGATE_ARCHIVE_FOLDER"):
        return Folder(Path(folder))
    raise ArchiveError(
        "no archive is named: set TOLLGATE_ARCHIVE_GCS_BUCKET, TOLLGATE_ARCHIVE_S3_BUCKET or TOLLGATE_ARCHIVE_FOLDER"
    )
