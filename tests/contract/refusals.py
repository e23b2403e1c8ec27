"""What schemathesis cannot know of docs/openapi.yaml: x-refusals lists the codes with which an operation refuses a well-formed request."""

import schemathesis
from schemathesis.core.failures import Failure


class WellFormedRefused(Failure):
    """A request as the document describes it is answered 400 with a code that the operation does not list."""


@schemathesis.check
def accepts_what_is_described(ctx, response, case):
    if not case.meta.generation.mode.is_positive or response.status_code != 400:
        return
    definition = case.operation.definition.raw
    listed = definition.get("x-refusals", [])
    if case.method == "HEAD" and listed:
        return  # it has no body that says the code; GET has
    code = response.json().get("code")
    if code not in listed:
        raise WellFormedRefused(
            operation=case.operation.label,
            title="A well-formed request is refused",
            message=f"answered 400 {code}; x-refusals lists {listed}",
        )
