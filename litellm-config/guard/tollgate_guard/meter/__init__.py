"""The meter: every request to a provider and every answer pass here, at the HTTP transport below all of LiteLLM's clients.

Before a request is sent, its bound is taken from the bytes that are sent, and is held. While the answer comes, the
provider's own report of its tokens is read from it. The rule of charging:

1. What is charged is never less than what the provider bills.
2. Where the provider reports its tokens, what is charged is what they cost: of each counter the largest sane report.
   That holds for each counter by itself, so the prompt is charged as reported also where a stream broke before its end,
   and for a plain answer that was read to its end without saying why it ended.
3. Where the provider documents that it bills nothing (an answer with an error status) or got no request, it is free.
4. Where a counter was not reported, its bound is charged. For the prompt that is the bound of the bytes sent. For the
   answer it is the limit of the request, or, where the provider itself ended or broke a stream and cannot have reasoned
   unseen, the bytes that came of it. (Far more bytes than the limit allows are a fault of the connection: the limit.)

A report is sane when it is a whole number, not negative, not smaller than an earlier one and not more than
``usage.BELIEVABLE`` times its bound (or the most that the model can read or write).
A model that may have billed an attempt without an answer is not asked again in the same call.
"""
