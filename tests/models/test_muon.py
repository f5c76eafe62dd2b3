"""Our Muon is PyTorch's, but in float32 on every CPU."""

import torch

from training.muon import Muon, orthogonalize


def test_singular_values_end_near_one():
    torch.manual_seed(3)
    for shape in ((24, 64), (64, 24), (32, 32)):
        values = torch.linalg.svdvals(orthogonalize(torch.randn(shape)))
        assert values.min() > 0.3 and values.max() < 1.4


def test_steps_are_those_of_pytorch_up_to_its_rounding():
    torch.manual_seed(3)
    start, gradients = torch.randn(16, 40), [torch.randn(16, 40) for _ in range(4)]
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    own = Muon([ours], 0.01, weight_decay=0.1)
    library = torch.optim.Muon([theirs], 0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for gradient in gradients:
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        own.step()
        library.step()
    moved = (ours - start).norm()
    assert moved > 0.05
    assert (ours - theirs).norm() < 0.03 * moved  # bfloat16 has 8 bits
    assert ours.dtype == torch.float32
