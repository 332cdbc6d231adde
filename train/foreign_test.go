package train

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Every setting belongs to all optimisers or schedules, or is refused by those that do
// not have it and by no other.
func TestForeignSettings(t *testing.T) {
	for _, c := range []struct {
		of     any
		names  []string
		common []string
		check  func(any) error
	}{
		{OptimizerConfig{}, Optimizers(), []string{"name", "lr", "weight_decay", "exempt_norms_and_biases"},
			func(v any) error { return v.(OptimizerConfig).foreign() }},
		{ScheduleConfig{}, Schedules(), []string{"name", "warmup", "warmup_factor"},
			func(v any) error { return v.(ScheduleConfig).foreign() }},
	} {
		of := reflect.TypeOf(c.of)
		for i := range of.NumField() {
			key, _, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ",")
			refusals := 0
			for _, name := range c.names {
				v := reflect.New(of).Elem()
				give(v.Field(i))
				v.FieldByName("Name").SetString(name)
				if err := c.check(v.Interface()); err != nil {
					oneClearLine(t, err, key+" is for ", "it means nothing for "+name)
					refusals++
				}
			}
			if refusals == len(c.names) || (refusals == 0) != slices.Contains(c.common, key) {
				t.Errorf("%s is refused by %d of %q", key, refusals, c.names)
			}
		}
	}
	for _, name := range Optimizers() {
		if err := DefaultOptimizer(name).validate(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range Schedules() {
		if err := DefaultSchedule(name).validate(); err != nil {
			t.Error(err)
		}
	}
}

// give makes a setting one that is not left out.
func give(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Array:
		v.Index(0).SetFloat(0.5)
	}
}
