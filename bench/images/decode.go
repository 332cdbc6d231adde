package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// decodeJobs are the JPEG files of the folder, the smallest first.
func decodeJobs(folder string) ([]job, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.jpg"))
	if err != nil || len(names) == 0 {
		return nil, errors.Errorf("no files were written to %s", folder)
	}
	bytes := make(map[string]int64)
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		bytes[name] = info.Size()
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(bytes[a], bytes[b]) })
	var jobs []job
	for _, name := range names {
		base := filepath.Base(name)
		jobs = append(jobs, job{name: strings.TrimSuffix(base, ".jpg"), file: base, size: fmt.Sprintf("%.1f kB", float64(bytes[name])/1e3)})
	}
	return jobs, nil
}

// decoders are the contenders in this process that decode files.
func decoders(folder string) []contender {
	m := new(dataset.Image)
	decode := func(file []byte) error { return dataset.Decode(bytes.NewReader(file), m, 0) }
	generic := func(file []byte) error {
		defer kernel.SetTier(kernel.SetTier(kernel.Generic))
		return decode(file)
	}
	standard := func(file []byte) error {
		_, err := jpeg.Decode(bytes.NewReader(file))
		return err
	}
	contend := func(name string, decode func([]byte) error) contender {
		return contender{name, func(j job, n int) ([]float64, error) {
			file, err := os.ReadFile(filepath.Join(folder, j.file))
			if err != nil {
				return nil, err
			}
			return timed(n, func() error { return decode(file) })
		}}
	}
	return []contender{contend("this module", decode), contend("in plain Go", generic), contend("image/jpeg", standard)}
}

// timed returns how long each of n runs takes, in milliseconds.
func timed(n int, do func() error) ([]float64, error) {
	ms := make([]float64, n)
	for i := range ms {
		start := time.Now()
		if err := do(); err != nil {
			return nil, err
		}
		ms[i] = time.Since(start).Seconds() * 1e3
	}
	return ms, nil
}
