package train

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// A checkpoint is a weights.Archive. Beside the model in the section "" it holds
//
//	solver.step              int64 scalars: the steps of each parameter
//	solver.momentum_buffer   what the solver remembers, by its buffers' names
//	state                    what a recurrent model carries on
//	ema                      the averages of the model's weights, if there are any
//	run, state               progress as JSON in bytes
//
// The random generators are keyed by seed, epoch and step, and schedules are
// functions of the step: so the progress is their position too.
const (
	solverPrefix = "solver."
	stepSection  = solverPrefix + "step"
	runSection   = "run"
	stateName    = "state"
)

// progress is where a run has got to.
type progress struct {
	Epoch int `json:"epoch"` // epochs completed, with their evaluation
	Step  int `json:"step"`  // steps completed in the epoch after them

	tally // what the steps of that epoch came to

	// Best is the index of the best epoch in History, -1 for none yet.
	Best    int           `json:"best"`
	History []EpochResult `json:"history"`

	// The lengths of the data set, which must not have changed when a run is resumed.
	TrainItems int `json:"train_images"`
	ValItems   int `json:"val_images"`
}

// checkpoint returns the archive of the run as it is now. It shares its memory
// with the run. A number that is not finite among the parameters is an error.
func (r *Run) checkpoint() (*weights.Archive, error) {
	if name := notFinite(r.params); name != "" {
		return nil, errors.Errorf("%s holds numbers that are not finite", name)
	}
	a := weights.FromParams(r.params)
	a.Meta = r.metaNow()
	for _, p := range r.solver.State() {
		a.Tensors = append(a.Tensors, weights.Tensor{Section: stepSection, Name: p.Name, Values: []int64{int64(p.Step)}})
		for _, buffer := range slices.Sorted(maps.Keys(p.Buffers)) {
			v := p.Buffers[buffer]
			a.Tensors = append(a.Tensors, weights.Tensor{
				Section: solverPrefix + buffer, Name: p.Name, Shape: []int{len(v)}, Values: v,
			})
		}
	}
	a.Tensors = append(a.Tensors, r.task.state()...)
	if r.average != nil {
		a.Tensors = append(a.Tensors, r.average.tensors()...)
	}
	state, err := json.Marshal(&r.progress)
	if err != nil {
		return nil, errors.Wrap(err, "state of the run")
	}
	a.Tensors = append(a.Tensors, weights.Tensor{Section: runSection, Name: stateName, Shape: []int{len(state)}, Values: state})
	return a, nil
}

// metaNow describes the model with what it has reached.
func (r *Run) metaNow() weights.Meta {
	m := r.meta
	m.Epoch, m.Step = r.progress.Epoch, r.steps()
	if n := len(r.progress.History); n > 0 {
		m.Metrics = r.progress.History[n-1].metrics()
	}
	return m
}

// restore brings the run to where a checkpoint was made.
func (r *Run) restore(a *weights.Archive) error {
	state, ok := a.Get(runSection, stateName)
	if !ok {
		return errors.New("it holds weights, but no state of a run")
	}
	text, _ := state.Values.([]byte)
	var p progress
	if err := json.Unmarshal(text, &p); err != nil {
		return errors.Wrap(err, "state of the run")
	}
	if err := p.check(r); err != nil {
		return err
	}
	solver, err := solverState(a)
	if err != nil {
		return err
	}
	if err := a.Into(r.params); err != nil {
		return err
	}
	if err := r.solver.Restore(solver); err != nil {
		return err
	}
	if err := r.task.restoreState(a); err != nil {
		return err
	}
	if err := r.restoreAverage(a); err != nil {
		return err
	}
	r.progress = p
	return nil
}

func (p *progress) check(r *Run) error {
	switch {
	case p.TrainItems != r.progress.TrainItems || p.ValItems != r.progress.ValItems:
		return errors.Errorf("the run began with %d training and %d validation %s, but the data set has %d and %d now",
			p.TrainItems, p.ValItems, r.Unit(), r.progress.TrainItems, r.progress.ValItems)
	case p.Epoch > r.config.Epochs && len(p.History) == p.Epoch:
		return errors.Errorf("the run has %d epochs already, more than the %d of the settings", p.Epoch, r.config.Epochs)
	case p.Step > r.stepsPerEpoch && len(p.History) == p.Epoch:
		return errors.Errorf("the run has made %d steps of epoch %d, which with these settings has %d", p.Step, p.Epoch+1, r.stepsPerEpoch)
	case p.Epoch < 0 || p.Epoch > r.config.Epochs || p.Step < 0 || p.Step > r.stepsPerEpoch,
		len(p.History) != p.Epoch, p.Best < -1 || p.Best >= p.Epoch:
		return errors.Errorf("state of the run: epoch %d of %d, step %d of %d, %d results of which number %d is the best",
			p.Epoch, r.config.Epochs, p.Step, r.stepsPerEpoch, len(p.History), p.Best)
	}
	return nil
}

// solverState collects what checkpoint wrote of the solver.
func solverState(a *weights.Archive) ([]ParamState, error) {
	var state []ParamState
	index := make(map[string]int)
	for _, t := range a.Section(stepSection) {
		v, ok := t.Values.([]int64)
		if !ok || len(v) != 1 {
			return nil, errors.Errorf("solver state of %s: the step is not one int64", t.Name)
		}
		index[t.Name] = len(state)
		state = append(state, ParamState{Name: t.Name, Step: int(v[0]), Buffers: make(map[string][]float32)})
	}
	for _, section := range a.Sections() {
		buffer, ok := strings.CutPrefix(section, solverPrefix)
		if !ok || section == stepSection {
			continue
		}
		for _, t := range a.Section(section) {
			i, known := index[t.Name]
			v, ok := t.Values.([]float32)
			if !known || !ok {
				return nil, errors.Errorf("solver state of %s: %s is not float32, or its step is missing", t.Name, buffer)
			}
			state[i].Buffers[buffer] = v
		}
	}
	return state, nil
}

// notFinite returns the name of the first entry with a NaN or an infinity, ""
// if there is none.
func notFinite(p *graph.Params) string {
	for e := range p.All() {
		for _, v := range e.Value.Float32s() {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return e.Name
			}
		}
	}
	return ""
}

// weightsOnly returns the part of a checkpoint that is the model.
func weightsOnly(a *weights.Archive) *weights.Archive {
	w := &weights.Archive{Meta: a.Meta}
	for _, t := range a.Section("") {
		w.Tensors = append(w.Tensors, *t)
	}
	return w
}

// WeightsOf returns the file of weights that a path means: the best ones of a run
// folder, or the path itself.
func WeightsOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return folder(path).path(WeightsFile)
	}
	return path
}
