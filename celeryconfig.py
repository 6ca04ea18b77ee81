"""Celery's settings: queues, routes, the beat schedule and how messages are delivered."""

from datetime import timedelta

from kombu import Exchange, Queue

from farm.broker import CONTROL_QUEUE, TaskName, known_queues, transport_options
from farm.settings import settings

_settings = settings()

broker_url = _settings.redis_url
# Results live in Postgres.
result_backend = None
task_ignore_result = True

imports = (
    "tasks.steps.render",
    "tasks.steps.score",
    "tasks.steps.gate",
    "tasks.beat.upkeep",
    "tasks.beat.echo",
    "tasks.beat.events",
)

# Plain data only: a message is never code.
accept_content = ["json"]
task_serializer = "json"
enable_utc = True
timezone = "UTC"

# A task is acknowledged when it is over; what a killed worker leaves behind is recovered from our own leases,
# and handing its message to the next worker would only make a poison loop.
task_acks_late = True
task_reject_on_worker_lost = False
worker_prefetch_multiplier = 1
worker_cancel_long_running_tasks_on_connection_loss = False

# A child that never shared memory with a process that holds connections, threads or a GPU.
worker_pool_start_method = "spawn"
worker_proc_alive_timeout = 60.0
worker_soft_shutdown_timeout = 60.0
worker_hijack_root_logger = False
task_soft_time_limit = _settings.soft_time_limit.total_seconds()
task_time_limit = _settings.time_limit.total_seconds()

broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options = transport_options(_settings)

worker_send_task_events = _settings.send_task_events
task_send_sent_event = _settings.send_task_events

task_default_queue = CONTROL_QUEUE
# What Flower counts while it has no answer from any worker; workers choose of these or make their own.
task_queues = [Queue(name, Exchange(name), name) for name in known_queues()]
task_create_missing_queues = True
task_routes = {name.value: {"queue": name.queue} for name in TaskName if name.queue}

# Every job of the beat may run twice, late or not at all: the schedule need not survive a restart.
beat_scheduler = "tasks.beat.schedule:Scheduler"
beat_schedule = {
    "relay": {"task": TaskName.RELAY.value, "schedule": _settings.relay_every},
    "retry": {"task": TaskName.RETRY.value, "schedule": _settings.retry_every},
    "events": {"task": TaskName.EVENTS.value, "schedule": _settings.events_every},
    "tidy": {"task": TaskName.TIDY.value, "schedule": timedelta(minutes=5)},
}
if _settings.echo_url:
    beat_schedule["echo_heartbeat"] = {
        "task": TaskName.ECHO_HEARTBEAT.value,
        "schedule": _settings.echo_every,
    }
