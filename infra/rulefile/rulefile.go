// Package rulefile reads the files in which people keep the business rules, YAML and CSV, and compiles them into the Go source of package
// model: so no function reads a file of rules when it starts, nor carries a parser of YAML.
//
// It turns files into the plain configuration of a domain package, strictly, and decides nothing: what rules mean, and whether they make
// sense, is for the domain. Only tests use it, `make golden` among them; programs use package model.
//
//	source, err := rulefile.Compile(os.DirFS("shared/model"))
package rulefile

import (
	"fmt"
	"io/fs"

	"go.yaml.in/yaml/v3"
)

// decodeFile reads YAML and refuses keys the target does not have: a misspelled setting must not be a silent default.
func decodeFile(files fs.FS, path string, target any) error {
	file, err := files.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(target); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
