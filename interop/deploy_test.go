package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/host"
)

// The unit file is one that systemd takes, and says so of one that it does not.
func TestUnitFile(t *testing.T) {
	need(t, "systemd-analyze")
	src, err := os.ReadFile("../deploy/esmehost.service")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := strings.ReplaceAll(string(src), "/usr/local/bin/esmehost", program) // it must be there
	verify := func(unit string) (string, error) {
		path := filepath.Join(t.TempDir(), "esmehost.service")
		if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
		return string(out), err
	}
	if out, err := verify(unit); err != nil || strings.Contains(out, "esmehost.service:") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, _ := verify(strings.Replace(unit, "WatchdogSec=30s", "WatchdogSec=soon", 1)); !strings.Contains(out, "Failed to parse sec value, ignoring: soon") {
		t.Errorf("a mistake is not seen: %s", out)
	}
}

// The Dockerfile has no mistake that its linter knows.
func TestDockerfile(t *testing.T) {
	needNPM(t)
	lint := func(path string) (string, error) {
		out, err := exec.Command("node", "node_modules/.bin/dockerfile-utils", "lint", path).CombinedOutput()
		return string(out), err
	}
	if out, err := lint("../deploy/Dockerfile"); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("%v\n%s", err, out)
	}
	src, err := os.ReadFile("../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "Dockerfile")
	if err := os.WriteFile(wrong, []byte(strings.Replace(string(src), "USER", "USR", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := lint(wrong); err == nil && strings.TrimSpace(out) == "" {
		t.Error("a mistake is not seen")
	}
}

// The configuration that is shipped with them is right, and names the folders that both make for the host's user.
func TestDeployedConfiguration(t *testing.T) {
	cfg, wrong := host.Check("../deploy/esmehost.yaml")
	if len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	unit, err := os.ReadFile("../deploy/esmehost.service")
	if err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile("../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for dir, setting := range map[string]string{cfg.DataDir: "StateDirectory=", filepath.Dir(cfg.Admin.Socket): "RuntimeDirectory="} {
		parent := map[string]string{"StateDirectory=": "/var/lib", "RuntimeDirectory=": "/run"}[setting]
		if name, ok := strings.CutPrefix(dir, parent+"/"); !ok || !strings.Contains(string(unit), "\n"+setting+name+"\n") {
			t.Errorf("the unit makes no %s for the host", dir)
		}
		if !strings.Contains(string(image), "--chown=65532:65532 /empty "+dir+"\n") {
			t.Errorf("the image has no %s of its user", dir)
		}
	}
}
