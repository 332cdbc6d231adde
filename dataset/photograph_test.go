package dataset

import (
	"image"
	"image/color"
	"slices"
	"testing"
)

// Evaluation on ImageNet, from the JPEG file to the pixels that are normalised,
// against Pillow and torchvision: equal.
func TestPhotographs(t *testing.T) {
	var cases []struct {
		In, Decoded, Out string
		Interpolation    Interpolation
	}
	readJSON(t, "photographs.json", &cases)
	if len(cases) != 6 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		want := decodeFile(t, fixture(c.Out))
		wantImage(t, decodeFile(t, fixture(c.In)), decodeFile(t, fixture(c.Decoded)), 0)
		for _, in := range []string{c.Decoded, c.In} {
			t.Run(in+" "+string(c.Interpolation), func(t *testing.T) {
				m := decodeFile(t, fixture(in))
				for _, tr := range []Transform{Resize{Size: 256, Interpolation: c.Interpolation}, CenterCrop{224, 224}} {
					if err := tr.Apply(m, nil); err != nil {
						t.Fatal(err)
					}
				}
				wantImage(t, m, want, 0)
			})
		}
	}
}

func TestInterpolationErrors(t *testing.T) {
	for _, tr := range []Transform{Resize{Size: 3, Interpolation: "lanczos"}, ResizeCover{2, 2, "lanczos"}} {
		_, _, _, err := tr.Shape(3, 4, 4)
		wantError(t, err, `resize: unknown interpolation "lanczos": want bilinear or bicubic`)
		wantError(t, tr.Apply(NewImage(3, 4, 4), nil), `unknown interpolation "lanczos"`)
	}
}

// The box fits into the result, which is no larger than it has to be.
func TestResizeCover(t *testing.T) {
	for _, c := range []struct{ boxH, boxW, h, w, wantH, wantW int }{
		{32, 32, 32, 32, 32, 32},
		{32, 32, 100, 50, 64, 32},
		{32, 32, 50, 100, 32, 64},
		{20, 40, 20, 40, 20, 40},
		{20, 40, 10, 10, 40, 40},
		{40, 20, 10, 10, 40, 40},
		{20, 40, 30, 60, 20, 40},
		{7, 5, 1, 1, 7, 7},
		{3, 2, 1000, 1, 2000, 2},
	} {
		m := NewImage(3, c.h, c.w)
		tr := ResizeCover{Height: c.boxH, Width: c.boxW}
		if err := tr.Apply(m, nil); err != nil {
			t.Fatal(err)
		}
		if m.H != c.wantH || m.W != c.wantW {
			t.Errorf("%+v: %dx%d", c, m.H, m.W)
		}
		if _, h, w, err := tr.Shape(3, c.h, c.w); err != nil || h != m.H || w != m.W {
			t.Errorf("%+v: Shape says %dx%d, %v", c, h, w, err)
		}
	}
	_, _, _, err := ResizeCover{0, 3, ""}.Shape(3, 4, 4)
	wantError(t, err, "resize to 0x3: both sizes must be at least 1")
	if _, h, w, err := (ResizeCover{3, 3, ""}).Shape(3, 0, 0); h != 0 || w != 0 || err != nil {
		t.Errorf("of images that vary: %dx%d, %v", h, w, err)
	}
}

// A part of an image has the pixels that it has in the whole.
func TestConvert(t *testing.T) {
	const h, w = 9, 11
	ycc := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for i := range ycc.Y {
		ycc.Y[i] = uint8(7 * i)
	}
	for i := range ycc.Cb {
		ycc.Cb[i], ycc.Cr[i] = uint8(100+i), uint8(90+2*i)
	}
	rgba, grey := image.NewNRGBA(ycc.Rect), image.NewGray(ycc.Rect)
	for y := range h {
		for x := range w {
			rgba.SetNRGBA(x, y, color.NRGBA{uint8(20 * x), uint8(25 * y), uint8(x * y), 255})
			grey.SetGray(x, y, color.Gray{uint8(20*x + y)})
		}
	}
	for _, src := range []interface {
		image.Image
		SubImage(image.Rectangle) image.Image
	}{rgba, grey, ycc} {
		part := image.Rect(3, 1, 10, 8)
		got, want := new(Image), new(Image)
		if err := Convert(got, src.SubImage(part)); err != nil {
			t.Fatal(err)
		}
		want.Reset(3, h, w)
		convertAny(want, src)
		if err := want.Crop(1, 3, 7, 7, PadConstant, 0); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Pix, want.Pix) {
			t.Errorf("%T: a part has other pixels", src)
		}
	}
	wantError(t, Convert(new(Image), nil), "image without pixels")
	wantError(t, Convert(new(Image), image.NewRGBA(image.Rect(0, 0, 0, 4))), "image without pixels")
	wantError(t, Convert(new(Image), &image.RGBA{Rect: image.Rect(0, 0, 4, 4)}), "image (0,0)-(4,4) cannot be read")
}
