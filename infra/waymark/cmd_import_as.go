package main

import (
	"bytes"
	"fmt"
	goio "io" // io is the command's stdio
	"os"
	"path/filepath"
	"strings"

	"waymark/infra/importer"
	"waymark/infra/importer/ready"
)

// settingFlags are values for what a mapping leaves open, from --set NAME=VALUE.
type settingFlags map[string]string

func (s settingFlags) String() string { return "" }

// Set reads one NAME=VALUE.
func (s settingFlags) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found || name == "" {
		return fmt.Errorf("write it as NAME=VALUE, for example zone=Europe/Berlin")
	}
	s[name] = value
	return nil
}

// importSource is a mapping with the file that it is for; in is standard input where its beginning was read to recognise it.
type importSource struct {
	mapping *importer.Mapping
	file    string
	in      goio.Reader
}

// sources gives each file its mapping: that of --mapping, the ready one of --as, or the ready one that --as auto recognises.
func (f importFlags) sources(io stdio) ([]importSource, error) {
	var list []importSource
	if f.as == "auto" {
		for _, file := range f.files {
			source, err := f.recognise(file, io)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			list = append(list, source)
		}
		return list, nil
	}
	mapping, err := f.readMapping()
	if err != nil {
		return nil, err
	}
	for _, file := range f.files {
		list = append(list, importSource{mapping, file, io.In})
	}
	return list, nil
}

func (f importFlags) readMapping() (*importer.Mapping, error) {
	if f.as != "" {
		found, err := ready.Find(f.as)
		if err != nil {
			return nil, err
		}
		return found.Mapping(f.settings)
	}
	text, err := os.ReadFile(f.mapping)
	if err != nil {
		return nil, err
	}
	return importer.ParseMappingWith(f.mapping, text, f.settings)
}

// recognise finds the ready mapping of a file by its beginning, and says which it took and why.
func (f importFlags) recognise(file string, io stdio) (importSource, error) {
	source := importSource{file: file, in: io.In}
	var head []byte
	var err error
	if file == "-" {
		head, err = goio.ReadAll(goio.LimitReader(io.In, ready.HeadBytes))
		source.in = goio.MultiReader(bytes.NewReader(head), io.In)
	} else {
		head, err = headOf(file)
	}
	if err != nil {
		return source, err
	}
	found, why, err := ready.Recognise(head)
	if err != nil {
		return source, err
	}
	line := fmt.Sprintf("%s: --as %s, for %s", filepath.Base(file), found.Name, why)
	fmt.Fprintln(io.Err, strings.Join(importer.Wrap(line, "  "), "\n"))
	source.mapping, err = found.Mapping(f.settings)
	return source, err
}

func headOf(file string) ([]byte, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }() // opened for reading: closing cannot lose anything
	return goio.ReadAll(goio.LimitReader(opened, ready.HeadBytes))
}

// showReady answers --as list, and --as NAME --show.
func showReady(f importFlags, io stdio) error {
	if f.as == "list" {
		list, err := ready.List()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(io.Out, "ready mappings, for --as NAME or --as auto\n%s\n", ready.Table(list))
		return err
	}
	found, err := ready.Find(f.as)
	if err != nil {
		return err
	}
	_, err = goio.WriteString(io.Out, found.Text())
	return err
}
