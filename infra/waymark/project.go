package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// findRoot returns the nearest directory upward that has a template.yaml.
func findRoot() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the project: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "template.yaml")); err == nil {
			return directory, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("there is no template.yaml here or above: run waymark inside the project")
		}
		directory = parent
	}
}

// parameters is a flag that is given once per NAME=VALUE.
type parameters map[string]string

func (p parameters) String() string { return fmt.Sprint(map[string]string(p)) }

func (p parameters) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found || name == "" {
		return errors.New("it is not NAME=VALUE")
	}
	p[name] = value
	return nil
}

// flags takes --parameter, and --param as well.
func (p parameters) flags(set *flag.FlagSet) {
	set.Var(p, "parameter", "value of a template parameter, as NAME=VALUE; may be repeated")
	set.Var(p, "param", "the same as --parameter")
}
