package jpeg

//go:generate go run -C ../kernel/gen . -set jpeg -out ../../jpeg/lanes_amd64.s -stubs ../../jpeg/lanes_amd64.go -pkg jpeg
