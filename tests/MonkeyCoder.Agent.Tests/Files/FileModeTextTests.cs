using MonkeyCoder.Agent.Files;

namespace MonkeyCoder.Agent.Tests.Files;

public sealed class FileModeTextTests
{
    [Theory]
    [InlineData(0x81A4, "-rw-r--r--")]
    [InlineData(0x41ED, "drwxr-xr-x")]
    [InlineData(0x43FF, "dtrwxrwxrwx")]
    [InlineData(0xA1FF, "Lrwxrwxrwx")]
    [InlineData(0x89ED, "urwxr-xr-x")]
    [InlineData(0x21B6, "Dcrw-rw-rw-")]
    [InlineData(0x61B0, "Drw-rw----")]
    [InlineData(0x11A4, "prw-r--r--")]
    [InlineData(0xC1FF, "Srwxrwxrwx")]
    public void Of_Mode_ReadsLikeGo(int mode, string expected) => Assert.Equal(expected, FileModeText.Of(mode));
}
