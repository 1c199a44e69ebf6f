using System.Text.RegularExpressions;

namespace MonkeyCoder.Architecture.Tests;

public sealed partial class SourceTests
{
    private const int FileCeiling = 500;

    [Fact]
    public void EveryFile_Length_IsBelowTheCeiling() => Offenders.AssertNone(
        Repository.SourceFiles
            .Select(static path => (Path: path, Lines: Repository.Lines(path).Length))
            .Where(static file => file.Lines > FileCeiling));

    [Fact]
    public void EveryFile_Namespace_IsItsFolder() => Offenders.AssertNone(
        from path in Repository.SourceFiles
        let declared = NamespaceDeclaration().Match(Repository.Read(path))
        where declared.Success && declared.Groups[1].Value != NamespaceOf(path)
        select $"{path} declares {declared.Groups[1].Value} and belongs to {NamespaceOf(path)}");

    [Fact]
    public void PlatformInvoke_Everywhere_IsInTheLinuxProject() => Offenders.AssertNone(
        Repository.SourceFiles.Where(static path =>
            !path.StartsWith("src/MonkeyCoder.Linux/", StringComparison.Ordinal)
            && path != "tests/MonkeyCoder.Architecture.Tests/SourceTests.cs"
            && PlatformInvoke().IsMatch(Repository.Read(path))));

    [Fact]
    public void Unsafe_Everywhere_IsInFilesThatSaySo() => Offenders.AssertNone(
        Repository.SourceFiles.Where(static path =>
            !path.EndsWith(".Unsafe.cs", StringComparison.Ordinal) && UnsafeCode().IsMatch(WithoutText(Repository.Read(path)))));

    [Fact]
    public void UnsafeFiles_EveryBlock_SaysWhyItIsSafe() => Offenders.AssertNone(
        Repository.SourceFiles.Where(static path =>
            path.EndsWith(".Unsafe.cs", StringComparison.Ordinal)
            && !Repository.Read(path).Contains("// SAFETY:", StringComparison.Ordinal)));

    [Fact]
    public void EveryFile_Regions_AreNotUsed() => Offenders.AssertNone(
        Repository.SourceFiles.Where(static path => Regions().IsMatch(Repository.Read(path))));

    [Fact]
    public void EveryFile_UnfinishedNotes_AreNotLeft() => Offenders.AssertNone(
        Repository.SourceFiles.Concat(Repository.Documents)
            .Where(static path => path != "tests/MonkeyCoder.Architecture.Tests/SourceTests.cs")
            .Where(static path => Unfinished().IsMatch(Repository.Read(path))));

    [Fact]
    public void EveryType_Name_SaysWhatItIs() => Offenders.AssertNone(
        Repository.SourceFiles.Where(static path =>
            // The one whose name others have given.
            Path.GetFileNameWithoutExtension(path) != "SecurityManager"
            && VagueName().IsMatch(Path.GetFileNameWithoutExtension(path))));

    [Fact]
    public void EveryFile_PartialTypes_AreForGeneratorsAndPlatformInvoke() => Offenders.AssertNone(
        Repository.SourceFiles.Where(static path =>
            !path.StartsWith("src/MonkeyCoder.Linux/Libc.", StringComparison.Ordinal)
            && path != "tests/MonkeyCoder.Architecture.Tests/SourceTests.cs"
            && Repository.Read(path) is var text
            && PartialType().IsMatch(WithoutText(text))
            && !Generators().IsMatch(text)));

    private static string NamespaceOf(string path)
    {
        var folder = string.Join('.', path.Split('/')[1..^1]);
        return folder == "Testing" || folder.StartsWith("Testing.", StringComparison.Ordinal) ? "MonkeyCoder." + folder : folder;
    }

    // Comments and literals may speak of what code must not do.
    private static string WithoutText(string source) => TextAndComments().Replace(source, " ");

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"\[(LibraryImport|DllImport)\b")]
    private static partial Regex PlatformInvoke();

    [GeneratedRegex(@"\bunsafe\b(?!-)")]
    private static partial Regex UnsafeCode();

    [GeneratedRegex(@"^\s*#region\b", RegexOptions.Multiline)]
    private static partial Regex Regions();

    [GeneratedRegex(@"\b(TODO|FIXME|XXX|HACK)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex("(Manager|Helper|Helpers|Util|Utils|Utilities|Common)$")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"\bpartial (class|struct|record|interface)\b")]
    private static partial Regex PartialType();

    [GeneratedRegex(@"\[(GeneratedRegex|LoggerMessage|JsonSerializable|OptionsValidator|LibraryImport)\b")]
    private static partial Regex Generators();

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/|""""""[\s\S]*?""""""|""(?:\\.|[^""\\\n])*""")]
    private static partial Regex TextAndComments();
}
