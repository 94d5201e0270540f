"""From text to plan: YAML with positions, checks, the hash of the behavior."""

from nurture.compiler.compile import Compiled, compile_journey
from nurture.compiler.context import CompileContext
from nurture.compiler.plan import Exit, Goal, Plan, Reentry

__all__ = ["CompileContext", "Compiled", "Exit", "Goal", "Plan", "Reentry", "compile_journey"]
