package train

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

func TestMetricsOfOneImage(t *testing.T) {
	for _, c := range []struct {
		name          string
		logits        []float32
		label         int
		wrong, wrong5 int
		nan           int
		loss          float64
	}{
		{"right", []float32{0, 2, 1}, 1, 0, 0, 0, math.Log(1 + math.Exp(-2) + math.Exp(-1))},
		{"wrong", []float32{0, 2, 1}, 2, 1, 0, 0, 1 + math.Log(1+math.Exp(-2)+math.Exp(-1))},
		{"one class", []float32{7}, 0, 0, 0, 0, 0},
		{"fifth", []float32{5, 4, 3, 2, 1, 0}, 4, 1, 0, 0, math.NaN()},
		{"sixth", []float32{5, 4, 3, 2, 1, 0}, 5, 1, 1, 0, math.NaN()},
		{"tie, first", []float32{1, 1}, 0, 0, 0, 0, math.Ln2},
		{"tie, second", []float32{1, 1}, 1, 1, 0, 0, math.Ln2},
		{"tie of six, fifth", make([]float32, 6), 4, 1, 0, 0, math.Log(6)},
		{"tie of six, sixth", make([]float32, 6), 5, 1, 1, 0, math.Log(6)},
		{"large", []float32{1e30, -1e30}, 1, 1, 0, 0, 2 * float64(float32(1e30))},
		{"NaN elsewhere", []float32{5, nan}, 0, 1, 1, 1, math.NaN()},
		{"NaN here", []float32{nan, 5}, 0, 1, 1, 1, math.NaN()},
		{"Inf is right", []float32{inf, 5}, 0, 0, 0, 0, math.NaN()},
		{"-Inf is wrong", []float32{-inf, 5}, 0, 1, 0, 0, math.Inf(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Metrics
			if err := m.Add(c.logits, []int{c.label}); err != nil {
				t.Fatal(err)
			}
			if m.N != 1 || m.Wrong != c.wrong || m.Wrong5 != c.wrong5 || m.NaN != c.nan {
				t.Errorf("got %+v", m)
			}
			if !math.IsNaN(c.loss) && math.Abs(m.Loss()-c.loss) > 1e-12*max(1, c.loss) && m.Loss() != c.loss {
				t.Errorf("loss %v, want %v", m.Loss(), c.loss)
			}
		})
	}
}

func TestMetricsOfBatches(t *testing.T) {
	var m Metrics
	for _, b := range []struct {
		logits []float32
		labels []int
	}{
		{[]float32{3, 1, 0, 0, 2, 9}, []int{0, 1}},
		{[]float32{0, 4, 0}, []int{1}},
		{[]float32{0, nan, 0}, []int{1}},
	} {
		if err := m.Add(b.logits, b.labels); err != nil {
			t.Fatal(err)
		}
	}
	if want := [][]int{{1, 0, 0}, {0, 1, 1}, {0, 0, 0}}; !reflect.DeepEqual(m.Confusion, want) {
		t.Errorf("confusion %v, want %v", m.Confusion, want)
	}
	if m.Top1() != 0.5 || m.Top5() != 0.75 || m.N != 4 {
		t.Errorf("%d images, top-1 %v, top-5 %v", m.N, m.Top1(), m.Top5())
	}
	if !math.IsNaN(m.Loss()) {
		t.Errorf("loss %v over a NaN", m.Loss())
	}
}

func TestMetricsRefuse(t *testing.T) {
	for _, c := range []struct {
		logits []float32
		labels []int
		want   string
	}{
		{[]float32{1, 2, 3}, []int{0, 1}, "3 logits for 2 images"},
		{nil, nil, "0 logits for 0 images"},
		{[]float32{1, 2}, []int{2}, "label 2 of an image, want 0 to 1"},
		{[]float32{1, 2}, []int{-1}, "label -1"},
	} {
		if err := new(Metrics).Add(c.logits, c.labels); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
