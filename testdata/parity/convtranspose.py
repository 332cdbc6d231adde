"""Cases of ConvTranspose2d with channels that make whole blocks of 16, and of the
layers that generators are made of."""

from ops import convt


def cases():
    yield convt("blocks_1x1", (2, 16, 4, 5), 16, 1)
    yield convt("blocks_3x3", (1, 16, 4, 5), 32, 3, padding=1)
    yield convt("blocks_3x3_nobias", (2, 32, 3, 4), 16, 3, bias=False)
    yield convt("blocks_2x2_s2", (2, 16, 3, 5), 16, 2, stride=2)
    yield convt("blocks_4x4_s2_p1", (2, 32, 3, 4), 16, 4, stride=2, padding=1)
    yield convt("blocks_3x3_s2_p1_op1", (1, 16, 4, 3), 16, 3, stride=2, padding=1, output_padding=1)
    yield convt("blocks_3x3_s3_op2x1", (1, 16, 3, 4), 16, 3, stride=3, padding=1, output_padding=(2, 1))
    yield convt("blocks_2x2_s3_gaps", (1, 16, 3, 4), 16, 2, stride=3)
    yield convt("blocks_5x5_s2_p2_op1", (1, 16, 4, 5), 16, 5, stride=2, padding=2, output_padding=1)
    yield convt("blocks_3x3_d2", (1, 16, 4, 5), 16, 3, dilation=2)
    yield convt("blocks_op_from_dilation", (1, 16, 3, 3), 16, 3, padding=1, output_padding=1, dilation=2)
    yield convt("blocks_3x3_op_beyond", (1, 16, 3, 3), 16, 3, output_padding=(1, 0), dilation=2)
    yield convt("blocks_3x3_g2", (2, 32, 4, 3), 32, 3, stride=2, padding=1, groups=2)
    yield convt("blocks_depthwise", (1, 16, 4, 5), 16, 4, stride=2, padding=1, groups=16, bias=False)
    yield convt("to_1_channel", (2, 32, 5, 4), 1, 4, stride=2, padding=1)
    yield convt("to_3_channels", (2, 16, 4, 5), 3, 4, stride=2, padding=1, bias=False)
    yield convt("to_3_channels_s3", (1, 16, 4, 5), 3, 5, stride=3, padding=2, output_padding=1)
    yield convt("to_20_channels", (1, 16, 6, 5), 20, 3, padding=1)
    yield convt("from_1x1", (5, 20, 1, 1), 16, 4)
    yield convt("from_1x1_blocks", (3, 32, 1, 1), 16, 4, bias=False)
    yield convt("from_1x1_to_1x1", (3, 16, 1, 1), 16, 1)


def records():
    return [c.record() for c in cases()]
