package dataset

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// ImageFolder is a split whose images are JPEG and PNG files, with a sub-folder
// for each class: torchvision's ImageFolder, with the same classes and the same
// images in the same order. Images come as three channels, whatever they are
// stored as (see [Decode]).
//
// Files are opened as they are asked for; one that cannot be decoded gives a
// *[DecodeError].
type ImageFolder struct {
	files     []imageFile
	classes   []string
	skipped   int
	maxPixels int
}

type imageFile struct {
	path  string
	label int
}

// imageExtensions are the files that are read as images, in lower case.
var imageExtensions = []string{".jpg", ".jpeg", ".png"}

// IsImageFile reports whether a file has the name of an image that Decode reads,
// which is told by the extension.
func IsImageFile(name string) bool {
	return slices.Contains(imageExtensions, strings.ToLower(filepath.Ext(name)))
}

// otherImages are extensions that torchvision reads and this package does not:
// such files are counted and warned of, where others are passed over silently.
var otherImages = []string{".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif"}

// openImageFolder reads the folders train and val of dir.
func openImageFolder(_ *kind, dir string, o Options) (train, val Dataset, err error) {
	if err := checkDir(dir); err != nil {
		return nil, nil, err
	}
	t, err := NewImageFolder(filepath.Join(dir, "train"), nil, o)
	if err != nil {
		return nil, nil, err
	}
	v, err := NewImageFolder(filepath.Join(dir, "val"), t.classes, o)
	if err != nil {
		return nil, nil, err
	}
	return t, v, nil
}

// NewImageFolder finds the images of one split. Its classes are the names of
// the folders in dir, in byte order; folders whose name begins with a dot are
// passed over. A folder without an image is an error.
//
// If classes is not nil, it names the classes and their order instead, as those
// of the training split do for the validation split; then a class may lack its
// folder, but no folder its class.
func NewImageFolder(dir string, classes []string, o Options) (*ImageFolder, error) {
	found, err := classFolders(dir)
	if err != nil {
		return nil, err
	}
	if classes == nil {
		classes = found
	}
	d := &ImageFolder{classes: classes, maxPixels: o.MaxPixels}
	for _, class := range found {
		label := slices.Index(classes, class)
		if label < 0 {
			return nil, errors.Errorf("%s: class %q is not one of the %d training classes", dir, class, len(classes))
		}
		before := len(d.files)
		if err := d.add(filepath.Join(dir, class), label); err != nil {
			return nil, err
		}
		if len(d.files) == before {
			return nil, errors.Errorf("%s: class folder holds no JPEG or PNG file", filepath.Join(dir, class))
		}
	}
	if d.skipped > 0 {
		o.log().Warn("files that are neither JPEG nor PNG are skipped", slog.String("folder", dir), slog.Int("files", d.skipped))
	}
	return d, nil
}

// classFolders returns the names of the folders in dir, sorted.
func classFolders(dir string) ([]string, error) {
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && leadsToFolder(dir, e) {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return nil, errors.Errorf("%s: holds no class folder", dir)
	}
	return names, nil
}

// add adds the images in root and in the folders below it. torchvision sorts
// all folders of a class by their whole path, then the files in each by name.
func (d *ImageFolder) add(root string, label int) error {
	folders, err := walk(root, nil)
	if err != nil {
		return err
	}
	slices.SortFunc(folders, func(a, b folder) int { return strings.Compare(a.path, b.path) })
	for _, f := range folders {
		for _, name := range f.files {
			switch {
			case IsImageFile(name):
				d.files = append(d.files, imageFile{filepath.Join(f.path, name), label})
			case slices.Contains(otherImages, strings.ToLower(filepath.Ext(name))):
				d.skipped++
			}
		}
	}
	return nil
}

// folder is a folder and the names of its files, sorted.
type folder struct {
	path  string
	files []string
}

// walk returns dir and all folders below it, through symbolic links as well.
// above holds the true paths of the folders that lead to dir: a link back to
// one of them is not followed.
func walk(dir string, above []string) ([]folder, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	if slices.Contains(above, real) {
		return nil, nil
	}
	above = append(slices.Clip(above), real)
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, errors.WithStack(err)
	}
	here := folder{path: dir}
	var below []folder
	for _, e := range entries {
		if !leadsToFolder(dir, e) {
			here.files = append(here.files, e.Name())
			continue
		}
		sub, err := walk(filepath.Join(dir, e.Name()), above)
		if err != nil {
			return nil, err
		}
		below = append(below, sub...)
	}
	return append(below, here), nil
}

// leadsToFolder reports whether an entry of dir is a folder or a link to one.
func leadsToFolder(dir string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// Len returns the number of images.
func (d *ImageFolder) Len() int { return len(d.files) }

// Classes returns the names of the class folders.
func (d *ImageFolder) Classes() []string { return d.classes }

// Shape returns (3, 0, 0): the images vary in size.
func (d *ImageFolder) Shape() (c, h, w int) { return 3, 0, 0 }

// Path returns the file of image i.
func (d *ImageFolder) Path(i int) string { return d.files[i].path }

// Skipped returns how many files were left out because they are images of a
// format that is not read.
func (d *ImageFolder) Skipped() int { return d.skipped }

// Get decodes image i.
func (d *ImageFolder) Get(i int, dst *Image) (label int, err error) {
	if err := checkIndex(i, len(d.files)); err != nil {
		return 0, err
	}
	file := d.files[i]
	f, err := os.Open(file.path)
	if err != nil {
		return 0, errors.WithStack(err)
	}
	defer f.Close()
	if err := Decode(f, dst, d.maxPixels); err != nil {
		if pathErr := (*os.PathError)(nil); errors.As(err, &pathErr) {
			return 0, err // the disk's fault, not the file's
		}
		return 0, &DecodeError{Name: file.path, Err: err}
	}
	return file.label, nil
}
