"""The farm for agents: a dozen tools over the verbs of `farm.client`, as the Model Context Protocol has them.

`server.create` makes the server; `farm.api.agents` answers for it over HTTP, `farm mcp` over stdin and stdout.
`asking` is what every call passes through: whose farm it is, what they may do, and refusals as sentences. The
tools stand in files by what an agent wants: `orders`, `looking`, `judging`; what they answer in `answers`.
No module here imports the database, or decodes a picture.
"""
