"""How memory that has run out shows, on a GPU and on the processor."""

import torch


def is_out_of_memory(error: BaseException) -> bool:
    """Of a GPU, or of the processor, for which torch has no error of its own."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return "allocate memory" in str(error) or "not enough memory" in str(error)


def free_memory() -> None:
    """Give back what torch keeps of a GPU for later."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
