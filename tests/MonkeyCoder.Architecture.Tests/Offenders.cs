namespace MonkeyCoder.Architecture.Tests;

/// <summary>What breaks a rule, all of it in one message.</summary>
internal static class Offenders
{
    public static void AssertNone<T>(IEnumerable<T> offenders)
    {
        var found = offenders.ToArray();
        if (found.Length > 0) Assert.Fail($"{found.Length} break this rule:\n{string.Join('\n', found)}");
    }
}
