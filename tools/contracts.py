"""The kind of import contract that names what may be imported, rather than what may not.

import-linter loads it by the name `only` (see `[tool.importlinter]` in pyproject.toml). An allow-list stays
true when a dependency is added; a list of forbidden packages does not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grimp


class OnlyContract(Contract):
    """The source packages import the standard library, themselves and what `allowed` lists, nothing else.

    Direct imports are judged, those inside functions too. An entry of `allowed` stands for the module and
    all below it; one that ends in `!` stands for the module alone. `exceptions` are single imports, written
    `importer -> imported`.
    """

    type_name = "only"

    source_modules = fields.ListField(subfield=fields.StringField())
    allowed = fields.ListField(subfield=fields.StringField(), required=False)
    exceptions = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - the signature is import-linter's
        """Collect the imports that are not allowed, and the exceptions that nothing needs any more."""
        exceptions = {entry.replace(" ", "") for entry in self._texts(self.exceptions)}
        seen: set[str] = set()
        broken: list[str] = []
        for importer, imported in self._imports(graph):
            if self._may(imported):
                continue
            if f"{importer}->{imported}" in exceptions:
                seen.add(f"{importer}->{imported}")
                continue
            lines = graph.get_import_details(importer=importer, imported=imported)
            where = ", ".join(f"l.{line['line_number']}" for line in lines)
            broken.append(f"{importer} imports {imported} ({where})")
        broken += [f"the exception {entry} is not needed any more" for entry in sorted(exceptions - seen)]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that is not allowed, with its lines."""
        for line in check.metadata["broken"]:
            output.print_error(f"- {line}", bold=False)

    @staticmethod
    def _texts(field: object) -> list[str]:
        # import-linter puts the value of a field where the class has the field itself.
        return cast("list[str] | None", field) or []

    def _imports(self, graph: grimp.ImportGraph) -> Iterator[tuple[str, str]]:
        for source in self._texts(self.source_modules):
            if source not in graph.modules:
                raise ValueError(f"the contract {self.name!r} is about {source}, which does not exist")
            for importer in sorted({source} | graph.find_descendants(source)):
                for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                    yield importer, imported

    def _may(self, imported: str) -> bool:
        if imported.partition(".")[0] in sys.stdlib_module_names:
            return True
        for entry in (*self._texts(self.source_modules), *self._texts(self.allowed)):
            if imported == entry.removesuffix("!"):
                return True
            if not entry.endswith("!") and imported.startswith(f"{entry}."):
                return True
        return False
