package local_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"waymark/infra/local"
)

// module makes the test project a module of its own, with a package beside the function, an embedded file and a replaced module, so that every
// way in which sources can change is there.
func module(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("testdata/project")); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, "go.mod", strings.Replace(string(mod), "module waymark", "module sample", 1)+"\nrequire other v0.0.0\nreplace other => ./other\n")
	write(t, root, "go.sum", string(sum))
	write(t, root, "other/go.mod", "module other\n")
	write(t, root, "other/other.go", "package other\n\nconst Word = \"o1\"\n")
	write(t, root, "words/words.go", "package words\n\nimport _ \"embed\"\n\n//go:embed texts/word.txt\nvar Word string\n")
	write(t, root, "words/texts/word.txt", "w1")
	edit(t, filepath.Join(root, "functions", "echo", "main.go"), `const version = "one"`, "var version = \"one \" + words.Word + \" \" + other.Word")
	edit(t, filepath.Join(root, "functions", "echo", "main.go"), `	"github.com/aws/aws-lambda-go/lambda"`, "	\"github.com/aws/aws-lambda-go/lambda\"\n\n\t\"other\"\n\t\"sample/words\"")
	return root
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// invokeVersion runs the function and returns its version, and whether it was compiled.
func invokeVersion(t *testing.T, root string) (version string, compiled bool) {
	t.Helper()
	log := &strings.Builder{}
	config := local.InvokeConfig{Root: root, Data: filepath.Join(root, ".waymark"), Function: "Echo", Log: log}
	answer, err := local.InvokeOnce(t.Context(), config, []byte(`{"rawPath":"/"}`))
	if err != nil {
		t.Fatalf("InvokeOnce: %v\n%s", err, log)
	}
	found := regexp.MustCompile(`"version":"([^"]*)"`).FindSubmatch(answer.Payload)
	if found == nil {
		t.Fatalf("InvokeOnce = %s, want a version in it\n%s", answer.Payload, log)
	}
	return string(found[1]), strings.Contains(log.String(), "compiling Echo\n")
}

// TestInvokeCompilesWhatChanged: each change of what a function is made from is noticed, and without one the compiler is not called.
func TestInvokeCompilesWhatChanged(t *testing.T) {
	t.Parallel()
	root := module(t)
	echo := filepath.Join(root, "functions", "echo", "main.go")
	for _, step := range []struct {
		name     string
		change   func()
		version  string
		compiled bool
	}{
		{"the first time", func() {}, "one w1 o1", true},
		{"the function itself", func() { edit(t, echo, `"one "`, `"two "`) }, "two w1 o1", true},
		{"an embedded file", func() { write(t, root, "words/texts/word.txt", "w2") }, "two w2 o1", true},
		{"a file that keeps its size and time", func() { swap(t, filepath.Join(root, "words/texts/word.txt"), "w3") }, "two w3 o1", true},
		{"a replaced module", func() { write(t, root, "other/other.go", "package other\n\nconst Word = \"o2\"\n") }, "two w3 o2", true},
		{"a file more in a package", func() {
			write(t, root, "words/more.go", "package words\n\nfunc init() { Word = \"w4\" }\n")
		}, "two w4 o2", true},
		{"a file less", func() { remove(t, filepath.Join(root, "words/more.go")) }, "two w3 o2", true},
		{"go.mod", func() {
			write(t, root, "another/go.mod", "module other\n")
			write(t, root, "another/other.go", "package other\n\nconst Word = \"a1\"\n")
			edit(t, filepath.Join(root, "go.mod"), "replace other => ./other", "replace other => ./another")
		}, "two w3 a1", true},
		{"go.work", func() { write(t, root, "go.work", goLine(t, root)+"\nuse .\n\nreplace other => ./other\n") }, "two w3 o2", true},
		{"go.work again", func() { edit(t, filepath.Join(root, "go.work"), "=> ./other", "=> ./another") }, "two w3 a1", true},
		{"a lost binary", func() { remove(t, filepath.Join(root, ".waymark/bin/Echo/bootstrap")) }, "two w3 a1", true},
		{"a test", func() { write(t, root, "words/words_test.go", "package words\n") }, "two w3 a1", false},
		{"a file of another package", func() { write(t, root, "apart/apart.go", "package apart\n") }, "two w3 a1", false},
	} {
		step.change()
		if version, compiled := invokeVersion(t, root); version != step.version || compiled != step.compiled {
			t.Errorf("%s changed: version %q, compiled %v, want %q, %v", step.name, version, compiled, step.version, step.compiled)
		}
		if version, compiled := invokeVersion(t, root); version != step.version || compiled {
			t.Errorf("%s, again: version %q, compiled %v, want %q and no compiler", step.name, version, compiled, step.version)
		}
	}
}

// swap changes a file and gives it the time that it had.
func swap(t *testing.T, file, text string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

// goLine is the line of go.mod that names the version of Go.
func goLine(t *testing.T, root string) string {
	t.Helper()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^go .*\n`).FindString(string(mod))
}

// TestInvokeCompilesWithOtherSettings: the settings of the go command are part of what a binary is made from.
func TestInvokeCompilesWithOtherSettings(t *testing.T) {
	root := module(t)
	for _, step := range []struct {
		flags    string
		compiled bool
	}{{"-p=1", true}, {"-p=2", true}, {"-p=2", false}, {"-p=1", true}} {
		t.Setenv("GOFLAGS", step.flags)
		if version, compiled := invokeVersion(t, root); version != "one w1 o1" || compiled != step.compiled {
			t.Errorf("GOFLAGS=%s: version %q, compiled %v, want one w1 o1, %v", step.flags, version, compiled, step.compiled)
		}
	}
}

// TestInvokeThatDoesNotCompile tells why, and the sources of before are again what they were.
func TestInvokeThatDoesNotCompile(t *testing.T) {
	t.Parallel()
	root := module(t)
	echo := filepath.Join(root, "functions", "echo", "main.go")
	invokeVersion(t, root)
	edit(t, echo, `"one "`, `one`)
	for range 2 {
		_, err := local.InvokeOnce(t.Context(), local.InvokeConfig{Root: root, Data: filepath.Join(root, ".waymark"), Function: "Echo", Log: &strings.Builder{}}, []byte("{}"))
		if err == nil || !strings.Contains(err.Error(), "undefined: one") {
			t.Errorf("InvokeOnce of what does not compile = %v, want undefined: one", err)
		}
	}
	edit(t, echo, `= one`, `= "one "`)
	if version, compiled := invokeVersion(t, root); version != "one w1 o1" || compiled {
		t.Errorf("after taking it back: version %q, compiled %v, want the binary of before", version, compiled)
	}
}
