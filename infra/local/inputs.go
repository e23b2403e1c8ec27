package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"waymark/infra/local/template"
)

// record is what a binary was made from: enough to tell without the go command, which takes a second or so to find out that nothing changed.
// Folders and not files are named, because a file that is added changes a package as well.
type record struct {
	Sum      string   `json:"sum"`      // of all that is below, and of the Go that compiled it
	Packages []string `json:"packages"` // folders of packages outside the module cache; what is in the cache never changes
	Embeds   []string `json:"embeds"`   // folders that files are embedded from
	Modules  []string `json:"modules"`  // go.mod and go.sum, of local replacements too, go.work and the list of vendored modules
	Modified int64    `json:"modified"` // of the binary, in nanoseconds
	Size     int64    `json:"size"`
}

// sources reads what binaries are made from, each folder once.
type sources struct {
	toolchain string // the go command's settings, which what it makes depends on
	cache     string // the module cache
	modules   []string
	folders   map[string]string // sums by path
}

// sources asks the go command for its settings; that takes milliseconds.
func (b *builder) sources(ctx context.Context) (*sources, error) {
	cmd, err := b.goCommand(ctx, "env", "-json", "GOMODCACHE", "GOMOD", "GOWORK", "GOVERSION", "GOROOT", "GOFLAGS", "GOEXPERIMENT", "GOFIPS140", "GOAMD64", "GOARM64", "GOOS", "GOARCH")
	if err != nil {
		return nil, err
	}
	settings, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask go for its settings: %w%s", err, complaint(err))
	}
	var env struct{ GOMODCACHE, GOMOD, GOWORK string }
	if err := json.Unmarshal(settings, &env); err != nil {
		return nil, fmt.Errorf("read go's settings: %w", err)
	}
	s := &sources{toolchain: string(settings), cache: env.GOMODCACHE, folders: map[string]string{}}
	for _, file := range []string{env.GOMOD, env.GOWORK} {
		if file != "" {
			s.modules = append(s.modules, file, strings.TrimSuffix(strings.TrimSuffix(file, ".mod"), ".work")+".sum")
		}
	}
	s.modules = append(s.modules, filepath.Join(filepath.Dir(env.GOMOD), "vendor", "modules.txt"))
	return s, nil
}

// complaint is what a command wrote before it failed.
func complaint(err error) string {
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		return "\n" + string(bytes.TrimSpace(exit.Stderr))
	}
	return ""
}

// isFresh says whether a function's binary is what its sources would be compiled to.
func (b *builder) isFresh(id string, s *sources) bool {
	text, err := os.ReadFile(b.compiled(id) + ".json")
	if err != nil {
		return false
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return false
	}
	binary := stampOf(b.binary(id))
	return binary.size > 0 && binary.size == r.Size && binary.modified.UnixNano() == r.Modified && s.sum(r) == r.Sum
}

// records finds out what functions are about to be made from. Functions whose packages cannot be listed have none: the compiler will say why.
func (b *builder) records(ctx context.Context, functions []template.Function, s *sources) map[string]*record {
	byPath, err := b.packages(ctx, functions)
	if err != nil {
		return nil
	}
	mains := map[string]goPackage{}
	for _, p := range byPath {
		if p.Name == "main" {
			mains[realPath(p.Dir)] = p
		}
	}
	records := map[string]*record{}
	for _, f := range functions {
		main, found := mains[realPath(filepath.Join(b.root, filepath.FromSlash(f.CodeURI)))]
		if !found {
			continue
		}
		r := &record{Modules: slices.Clone(s.modules)}
		for _, path := range append(main.Deps, main.ImportPath) {
			if p := byPath[path]; p.Dir != "" && !p.Standard && !isBelow(p.Dir, s.cache) {
				r.add(p)
			}
		}
		for _, list := range []*[]string{&r.Packages, &r.Embeds, &r.Modules} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
		r.Sum = s.sum(*r)
		records[f.ID] = r
	}
	return records
}

// goPackage is what the go command tells of a package.
type goPackage struct {
	Name, Dir, ImportPath string
	Standard              bool
	Module                *struct{ GoMod string }
	Deps, EmbedFiles      []string
}

// packages lists the functions' packages and everything they are made of, by import path.
func (b *builder) packages(ctx context.Context, functions []template.Function) (map[string]goPackage, error) {
	args := []string{"list", "-deps", "-json=Name,Dir,ImportPath,Standard,Module,Deps,EmbedFiles", "-tags", buildTags}
	for _, f := range functions {
		args = append(args, folder(f))
	}
	cmd, err := b.goCommand(ctx, args...)
	if err != nil {
		return nil, err
	}
	listing, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	byPath := map[string]goPackage{}
	for decoder := json.NewDecoder(bytes.NewReader(listing)); ; {
		var p goPackage
		switch err := decoder.Decode(&p); {
		case err == io.EOF:
			return byPath, nil
		case err != nil:
			return nil, err
		}
		byPath[p.ImportPath] = p
	}
}

func (r *record) add(p goPackage) {
	r.Packages = append(r.Packages, p.Dir)
	for _, file := range p.EmbedFiles {
		r.Embeds = append(r.Embeds, filepath.Dir(filepath.Join(p.Dir, file)))
	}
	if p.Module != nil && p.Module.GoMod != "" {
		r.Modules = append(r.Modules, p.Module.GoMod)
	}
}

// realPath follows symbolic links, as the go command does, so that one folder has one name.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

func isBelow(path, folder string) bool {
	return folder != "" && strings.HasPrefix(path, folder+string(filepath.Separator))
}

// keep writes the record of a binary that was just compiled.
func (b *builder) keep(id string, r *record) error {
	file := b.compiled(id) + ".json"
	if r == nil {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	binary := stampOf(b.binary(id))
	r.Modified, r.Size = binary.modified.UnixNano(), binary.size
	text, err := encodeLine(r)
	if err != nil {
		return err
	}
	return writeWhole(file, text)
}

// sum is that of everything a record names, as it is now.
func (s *sources) sum(r record) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s %s\n", s.toolchain, buildTags, linkFlags)
	for _, file := range r.Modules {
		fmt.Fprintf(sum, "%s %s\n", file, sumOfFile(file))
	}
	for _, folder := range r.Packages {
		fmt.Fprintf(sum, "%s %s\n", folder, s.sumOfFolder(folder, true))
	}
	for _, folder := range r.Embeds {
		fmt.Fprintf(sum, "%s %s\n", folder, s.sumOfFolder(folder, false))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// sumOfFolder is that of the names and contents of the files in a folder; in a package's, without those that the compiler passes over.
func (s *sources) sumOfFolder(folder string, isPackage bool) string {
	key := fmt.Sprint(folder, isPackage)
	if known, is := s.folders[key]; is {
		return known
	}
	sum := sha256.New()
	entries, err := os.ReadDir(folder)
	if err != nil {
		fmt.Fprintln(sum, err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if isPackage && (strings.HasSuffix(name, "_test.go") || name[0] == '.' || name[0] == '_') {
			continue
		}
		if !entry.IsDir() {
			fmt.Fprintf(sum, "%s %s\n", name, sumOfFile(filepath.Join(folder, name)))
		}
	}
	s.folders[key] = hex.EncodeToString(sum.Sum(nil))
	return s.folders[key]
}

// sumOfFile is that of a file's content; a file that is not there or cannot be read has the sum of that error.
func sumOfFile(path string) string {
	sum := sha256.New()
	file, err := os.Open(path)
	if err == nil {
		_, err = io.Copy(sum, file)
		file.Close()
	}
	if err != nil {
		fmt.Fprintln(sum, err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
