package colour

//go:generate go run -C ../kernel/gen . -set colour -out ../../colour/lanes_amd64.s -stubs ../../colour/lanes_amd64.go -pkg colour
