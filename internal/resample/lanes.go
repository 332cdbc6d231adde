package resample

//go:generate go run -C ../kernel/gen . -set resample -out ../../resample/lanes_amd64.s -stubs ../../resample/lanes_amd64.go -pkg resample
