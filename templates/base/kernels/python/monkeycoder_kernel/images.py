"""Pillow: ``image.show()`` has no screen here, so it shows the picture in the results; so does saving one to a path."""

import os
import sys

from IPython.display import display

from .imports import when_imported


def install():
    """Takes effect when a cell imports Pillow."""
    when_imported("PIL.ImageShow", _take_show)
    when_imported("PIL.Image", _take_save)


def _take_show(module):
    class CellViewer(module.Viewer):
        """The only viewer that a sandbox has."""

        def show(self, image, **options):
            display(image)
            return 1

    module.register(CellViewer(), 0)


def _take_save(module):
    save = module.Image.save

    def save_and_show(self, fp, format=None, **params):
        save(self, fp, format, **params)
        # matplotlib saves through Pillow; its figures are shown as figures.
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if isinstance(fp, (str, os.PathLike)) and not caller.startswith("matplotlib"):
            display(self)

    save_and_show.__doc__ = save.__doc__
    module.Image.save = save_and_show
