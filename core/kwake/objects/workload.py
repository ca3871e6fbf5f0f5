"""Kinds that make pods from a template."""

from __future__ import annotations

from typing import ClassVar

from kwake.objects.base import KubeObject, KubeStruct, Metadata
from kwake.objects.pod import PodSpec
from kwake.objects.selector import LabelSelector


class PodTemplate(KubeStruct, frozen=True):
    """`spec.template` of a workload."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class WorkloadSpec(KubeStruct, frozen=True):
    """`spec` of anything that makes pods. `parallelism` and `completions` belong to Jobs."""

    replicas: int = 1
    selector: LabelSelector = LabelSelector()
    template: PodTemplate = PodTemplate()
    service_name: str = ""
    parallelism: int = 1
    completions: int = 1
    min_ready_seconds: int = 0
    suspend: bool = False


class WorkloadStatus(KubeStruct, frozen=True):
    """`status` of a workload."""

    replicas: int = 0
    ready_replicas: int = 0


class Workload(KubeObject, frozen=True, kw_only=True):
    """A kind that makes pods from a template."""

    spec: WorkloadSpec = WorkloadSpec()


class Deployment(Workload, frozen=True, kw_only=True):
    """A Deployment."""

    KIND: ClassVar[str] = "Deployment"


class ReplicaSet(Workload, frozen=True, kw_only=True):
    """A ReplicaSet."""

    KIND: ClassVar[str] = "ReplicaSet"


class StatefulSet(Workload, frozen=True, kw_only=True):
    """A StatefulSet."""

    KIND: ClassVar[str] = "StatefulSet"


class DaemonSet(Workload, frozen=True, kw_only=True):
    """A DaemonSet."""

    KIND: ClassVar[str] = "DaemonSet"


class Job(Workload, frozen=True, kw_only=True):
    """A Job."""

    KIND: ClassVar[str] = "Job"


class ReplicationControllerSpec(KubeStruct, frozen=True):
    """`spec` of a ReplicationController: its selector is a plain map."""

    replicas: int = 1
    selector: dict[str, str] = {}
    template: PodTemplate = PodTemplate()


class ReplicationController(KubeObject, frozen=True, kw_only=True):
    """A ReplicationController."""

    KIND: ClassVar[str] = "ReplicationController"
    spec: ReplicationControllerSpec = ReplicationControllerSpec()


class JobTemplate(KubeStruct, frozen=True):
    """`spec.jobTemplate` of a CronJob."""

    metadata: Metadata = Metadata()
    spec: WorkloadSpec = WorkloadSpec()


class CronJobSpec(KubeStruct, frozen=True):
    """`spec` of a CronJob."""

    job_template: JobTemplate = JobTemplate()
    suspend: bool = False
    schedule: str = ""


class CronJob(KubeObject, frozen=True, kw_only=True):
    """A CronJob."""

    KIND: ClassVar[str] = "CronJob"
    spec: CronJobSpec = CronJobSpec()
