package local

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// logs keeps one file per function, begun anew with each start, and repeats lines on the terminal when verbose.
type logs struct {
	directory string
	verbose   bool
	terminal  io.Writer

	mu    sync.Mutex
	files map[string]*os.File
}

// writer returns where a function's output goes.
func (l *logs) writer(name string) (io.Writer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files == nil {
		l.files = map[string]*os.File{}
	}
	if l.files[name] == nil {
		if err := os.MkdirAll(l.directory, 0o755); err != nil {
			return nil, fmt.Errorf("make log directory: %w", err)
		}
		file, err := os.Create(filepath.Join(l.directory, name+".log"))
		if err != nil {
			return nil, fmt.Errorf("make log file: %w", err)
		}
		l.files[name] = file
	}
	w := &lines{logs: l, name: name, file: l.files[name]}
	return w, nil
}

func (l *logs) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, file := range l.files {
		file.Close()
	}
}

// lines writes to the file at once and to the terminal line by line, so that lines of two functions do not mix.
type lines struct {
	logs *logs
	name string
	file *os.File

	mu      sync.Mutex
	pending []byte
}

func (w *lines) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	if !w.logs.verbose {
		return n, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, p...)
	for {
		line, rest, found := bytes.Cut(w.pending, []byte("\n"))
		if !found {
			return n, err
		}
		w.logs.mu.Lock()
		fmt.Fprintf(w.logs.terminal, "%s | %s\n", w.name, line)
		w.logs.mu.Unlock()
		w.pending = rest
	}
}
