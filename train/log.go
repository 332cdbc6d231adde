package train

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// logFile is the writer behind log.txt. What is written before the run folder
// exists is kept until then.
type logFile struct {
	mu     sync.Mutex
	before bytes.Buffer
	file   io.WriteCloser
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return l.before.Write(p)
	}
	return l.file.Write(p)
}

// attach makes the file the one that is written to.
func (l *logFile) attach(file io.WriteCloser) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file = file
	_, err := l.before.WriteTo(file)
	return err
}

func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// newLogger returns a logger that writes everything to the file, and warnings to
// the user's logger too.
func newLogger(file *logFile, user *slog.Logger) *slog.Logger {
	return slog.New(tee{slog.NewTextHandler(file, nil), user.Handler()})
}

// tee is a slog.Handler that gives all records to all and warnings to warnings
// as well. Errors are not among those: they are returned to the user.
type tee struct {
	all, warnings slog.Handler
}

func (t tee) Enabled(ctx context.Context, l slog.Level) bool { return t.all.Enabled(ctx, l) }

func (t tee) Handle(ctx context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn && t.warnings.Enabled(ctx, r.Level) {
		if err := t.warnings.Handle(ctx, r.Clone()); err != nil {
			return err
		}
	}
	return t.all.Handle(ctx, r)
}

func (t tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tee{t.all.WithAttrs(attrs), t.warnings.WithAttrs(attrs)}
}

func (t tee) WithGroup(name string) slog.Handler {
	return tee{t.all.WithGroup(name), t.warnings.WithGroup(name)}
}
