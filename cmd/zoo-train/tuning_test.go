package main

import (
	"slices"
	"strings"
	"testing"
)

func TestDescribeFineTuning(t *testing.T) {
	for _, c := range []struct {
		args, lines []string
	}{
		{[]string{"--params"}, []string{"conv1.weight 16x3x3x3 1", "fc.bias 10 1", "269 722 of 269 722 parameters learn"}},
		{[]string{"--freeze", "conv1.*,bn1.*,layer[12].*", "--lr-scale", "fc.*=10", "--layer-decay", "0.5"}, []string{
			"conv1.weight 16x3x3x3 frozen", "layer2.0.conv2.weight 32x32x3x3 frozen", "layer3.1.conv2.weight 64x64x3x3 0.25", "layer3.0.bn1.bias 64 0.125",
			"fc.weight 10x64 10", "204 170 of 269 722 parameters learn",
		}},
	} {
		status, stdout, stderr := zooTrain(t, append([]string{"describe", "resnet20"}, c.args...)...)
		if status != 0 {
			t.Fatal(stderr)
		}
		lines := strings.Split(stdout, "\n")
		for i, line := range lines {
			lines[i] = strings.Join(strings.Fields(line), " ")
		}
		for _, want := range c.lines {
			if !slices.Contains(lines, want) {
				t.Errorf("%v: no line %q in\n%s", c.args, want, stdout)
			}
		}
		if strings.Contains(stdout, "running_mean") {
			t.Errorf("%v: buffers do not learn:\n%s", c.args, stdout)
		}
	}
}
