"""The farm over HTTP: a thin skin over the verbs of `farm.client`, for anybody with a key.

`app.create` makes the application; `verbs` gives each verb of `farm.client.routes` its route, and the other
modules those routes that are no verb: orders as old callers send them, files, streams, health. `asking` is what
every call passes through: who calls, what they may do, once or again, for real or for trial. No module here
imports a neural network, nor the database.
"""
