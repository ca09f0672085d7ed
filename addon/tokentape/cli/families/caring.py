"""``recover``: what is done to the recordings themselves."""

import click


@click.command()
@click.option("--discard", is_flag=True, help="Throw the takes away instead.")
def recover(discard: bool) -> int:
    """Publish takes that runs left.

    A run leaves its takes when its command fails, or when it is cut short. Each goes into the library it was recorded
    for, after what is there.
    """
    from tokentape.cli.recovering import recover as bring_back

    return bring_back(discard=discard)
