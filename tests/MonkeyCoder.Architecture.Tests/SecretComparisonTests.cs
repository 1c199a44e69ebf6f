using System.Reflection;
using System.Reflection.Emit;

namespace MonkeyCoder.Architecture.Tests;

/// <summary>
/// Where tokens, keys and signatures are checked nothing is compared but by <c>CryptographicOperations.FixedTimeEquals</c>: a comparison that
/// ends at the first difference tells how much of a guess was right. Read from the compiled code, as source hides what <c>==</c> means.
/// </summary>
public sealed class SecretComparisonTests
{
    private const BindingFlags All = BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    /// <summary>Where secrets are in hand.</summary>
    private static readonly string[] Namespaces = ["MonkeyCoder.Contracts.Security", "MonkeyCoder.Sandbox.Security"];

    private static readonly string[] Types = ["MonkeyCoder.Sandbox.E2b.Envd.EnvdAccess"];

    /// <summary>What compares nothing secret, and what it compares.</summary>
    private static readonly Dictionary<string, string> Harmless = new(StringComparer.Ordinal)
    {
        ["MonkeyCoder.Contracts.Security.ApiKeyStore.Matches"] = "ids and names of keys",
        ["MonkeyCoder.Contracts.Security.TokenPayload.Take"] = "names of claims",
        ["MonkeyCoder.Contracts.Security.TokenValidator.TryDecode"] = "what a caller sent with itself in the one spelling that is taken",
        ["MonkeyCoder.Sandbox.Security.CallerAuthenticator.Authenticate"] = "reasons of a refusal",
        ["MonkeyCoder.Sandbox.Security.NodeTokens.Load"] = "what is wrong with a file",
    };

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(static field => (OpCode)field.GetValue(null)!)
        .ToDictionary(static code => code.Value);

    [Fact]
    public void Secrets_WhereTheyAreChecked_AreComparedInConstantTimeOnly()
    {
        var methods = new[] { typeof(MonkeyCoder.Contracts.Security.TokenValidator).Assembly, Assembly.Load("monkey-sandbox") }
            .SelectMany(static assembly => assembly.GetTypes())
            .Where(static type => Namespaces.Contains(type.Namespace) || Types.Any(name => type.FullName?.StartsWith(name, StringComparison.Ordinal) == true))
            .SelectMany(static type => type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
            .Select(static method => (Name: $"{method.DeclaringType!.FullName}.{method.Name}", Calls: Calls(method).ToArray()))
            .ToArray();

        Assert.Contains(methods, static method => method.Calls.Any(static called => called.Name == "FixedTimeEquals"));
        var comparing = methods.Where(static method => method.Calls.Any(Compares)).Select(static method => method.Name).ToHashSet();
        Offenders.AssertNone(comparing.Where(static name => !Harmless.ContainsKey(name)));
        Offenders.AssertNone(Harmless.Keys.Where(name => !comparing.Contains(name)).Select(static name => $"{name} compares nothing any more"));
    }

    /// <summary>Text or bytes, until the first difference.</summary>
    private static bool Compares(MethodBase called) =>
        called.Name is "SequenceEqual" or "SequenceCompareTo"
        || (called.DeclaringType == typeof(string) && called.Name is ("op_Equality" or "op_Inequality" or "Equals" or "Compare" or "CompareOrdinal" or "CompareTo"));

    /// <summary>ECMA-335 III.1.2: what the body of a method calls.</summary>
    private static IEnumerable<MethodBase> Calls(MethodBase method)
    {
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var at = 0; at < code.Length;)
        {
            var value = code[at] == 0xfe ? unchecked((short)(0xfe00 | code[at + 1])) : code[at];
            at += code[at] == 0xfe ? 2 : 1;
            var operation = OpCodesByValue[value];
            if (operation.OperandType == OperandType.InlineMethod)
            {
                var called = method.Module.ResolveMethod(
                    BitConverter.ToInt32(code, at), Arguments(method.DeclaringType!.IsGenericType, method.DeclaringType.GetGenericArguments),
                    Arguments(method.IsGenericMethod, method.GetGenericArguments));
                if (called is not null) yield return called;
            }

            at += operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }

    private static Type[]? Arguments(bool isGeneric, Func<Type[]> arguments) => isGeneric ? arguments() : null;
}
