// Package bench holds the commands that measure this module; README.md says
// what they do and how to read what they write. Each also replaces its tables in
// docs/performance.md when go generate runs it:
//
//	go generate ./bench
package bench

//go:generate go run ./compare -root .. -page ../docs/performance.md
//go:generate go run ./roofline -root .. -page ../docs/performance.md
//go:generate go run ./growth -root .. -page ../docs/performance.md
//go:generate go run ./images -root .. -page ../docs/performance.md
