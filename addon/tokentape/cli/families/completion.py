"""``completion``: the script by which a shell completes our commands, flags and cassettes."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), metavar="|".join(SHELLS))
def completion(shell: str) -> int:
    """Print the script that completes commands in your shell.

    \b
    bash: tokentape completion bash > ~/.local/share/bash-completion/completions/tokentape
    zsh:  echo 'eval "$(tokentape completion zsh)"' >> ~/.zshrc
    fish: tokentape completion fish > ~/.config/fish/completions/tokentape.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, "click has a class for each of these shells"
    root = click.get_current_context().find_root()
    # The variable is the one that click itself looks for when the command is run under this name.
    click.echo(found(root.command, {}, "tokentape", "_TOKENTAPE_COMPLETE").source())
    return 0
