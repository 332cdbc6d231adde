// Command gen writes the amd64 assembly of package kernel and its Go stubs.
//
// Each set of kernels is a function in a file of this directory that registers
// itself in init; -set chooses one. The go:generate lines stand in the files of
// package kernel that call the set:
//
//	go run -C gen . -set NAME -out ../NAME_amd64.s -stubs ../NAME_amd64.go -pkg kernel
//
// The output depends on nothing but this source, so running it again gives the
// same bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/build"
)

// sets holds what emits each generated file, by the name given to -set.
var sets = map[string]func(){}

func main() {
	set := flag.String("set", "", "the set of kernels to write")
	flag.Parse()
	emit, ok := sets[*set]
	if !ok {
		names := make([]string, 0, len(sets))
		for name := range sets {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "gen: unknown set %q, have %s\n", *set, strings.Join(names, ", "))
		os.Exit(2)
	}
	emit()
	build.Generate()
}
