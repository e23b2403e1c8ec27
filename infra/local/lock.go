package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// lock makes sure that one system at a time uses a data directory. The file holds the owner's process id.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := lockFile(file, false); err != nil {
		owner, _ := os.ReadFile(path)
		file.Close()
		return nil, fmt.Errorf("another `waymark dev` (process %s) runs with this data directory%s: stop it, or choose another with --data", strings.TrimSpace(string(owner)), answersAt(filepath.Dir(path)))
	}
	// The file stays: removing it would let two owners lock two files of one name.
	if err := writeOwner(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	return func() { file.Close() }, nil
}

// answersAt says where the system of a data directory answers, if it is ready.
func answersAt(data string) string {
	if ready, is := runningSystem(data); is {
		return " and answers at " + ready.URL
	}
	return ""
}

func writeOwner(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}
