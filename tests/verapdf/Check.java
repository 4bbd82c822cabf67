import java.io.File;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.LogManager;
import javax.xml.parsers.DocumentBuilderFactory;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.ErrorArgument;
import org.verapdf.pdfa.validation.profiles.ErrorArgumentImpl;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.Rule;
import org.verapdf.pdfa.validation.profiles.RuleId;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;
import org.verapdf.pdfa.validation.profiles.Variable;
import org.verapdf.processor.reports.enums.JobEndStatus;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * Checks PDF files with veraPDF: {@code Check ua1,3a FILE...} prints one JSON line per file and flavour.
 *
 * veraPDF reads its own profiles with JAXB, whose implementation the jar does not hold; so they are read here, by DOM.
 */
public final class Check {
    private final Map<String, ValidationProfile> profiles = new HashMap<>();

    public static void main(String[] arguments) {
        PrintStream lines = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // standard output is for the lines, whatever a library prints
        LogManager.getLogManager().reset();
        VeraGreenfieldFoundryProvider.initialise();
        Check check = new Check();
        for (int i = 1; i < arguments.length; i++) {
            for (String flavour : arguments[0].split(",")) {
                lines.println(check.line(arguments[i], flavour));
            }
        }
    }

    private String line(String file, String flavour) {
        String start = "{\"file\":" + quoted(file) + ",\"flavour\":" + quoted(flavour);
        try {
            return start + verdict(new File(file), profiles.computeIfAbsent(flavour, Check::profile)) + "}";
        } catch (Throwable fault) {
            return start + ",\"error\":" + quoted(fault.toString()) + "}";
        }
    }

    private static String verdict(File file, ValidationProfile profile) throws Exception {
        // One assertion per rule is enough to show; no passed checks; with error messages; no progress.
        try (PDFAParser parser = Foundries.defaultInstance().createParser(file, profile.getPDFAFlavour());
                PDFAValidator validator = Foundries.defaultInstance().createValidator(profile, 1, false, true, false)) {
            ValidationResult result = validator.validate(parser);
            if (result.getJobEndStatus() != JobEndStatus.NORMAL) {
                throw new IllegalStateException("veraPDF stopped early: " + result.getJobEndStatus());
            }
            return ",\"compliant\":" + result.isCompliant() + ",\"rules\":" + profile.getRules().size()
                    + ",\"assertions\":" + result.getTotalAssertions() + ",\"failed\":" + failed(result);
        }
    }

    private static String failed(ValidationResult result) {
        Map<String, String> items = new TreeMap<>();
        for (TestAssertion assertion : result.getTestAssertions()) {
            if (assertion.getStatus() != TestAssertion.Status.FAILED) {
                continue;
            }
            RuleId id = assertion.getRuleId();
            String rule = id.getClause() + "-" + id.getTestNumber();
            String said = assertion.getErrorMessage() == null ? assertion.getMessage() : assertion.getErrorMessage();
            String place = assertion.getLocation().getContext();
            items.putIfAbsent(rule, "{\"rule\":" + quoted(rule) + ",\"count\":" + result.getFailedChecks().get(id)
                    + ",\"message\":" + quoted(said) + ",\"place\":" + quoted(place) + "}");
        }
        return "[" + String.join(",", items.values()) + "]";
    }

    private static ValidationProfile profile(String flavour) {
        String level = flavour.toUpperCase(Locale.ROOT);
        String name = level.startsWith("UA") ? "PDFUA-" + level.substring(2) : "PDFA-" + level;
        try (InputStream stream = Check.class.getResourceAsStream("/org/verapdf/pdfa/validation/" + name + ".xml")) {
            if (stream == null) {
                throw new IllegalArgumentException("no profile " + name + ".xml in the jar");
            }
            Element root = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(stream).getDocumentElement();
            SortedSet<Rule> rules = new TreeSet<>(new Profiles.RuleComparator());
            for (Element rule : children(child(root, "rules"), "rule")) {
                rules.add(rule(rule));
            }
            SortedSet<Variable> variables = new TreeSet<>(
                    Comparator.comparing((Variable v) -> v.getObject() + " " + v.getName()));
            for (Element v : children(child(root, "variables"), "variable")) {
                variables.add(Profiles.variableFromValues(
                        v.getAttribute("name"), v.getAttribute("object"), text(v, "defaultValue"), text(v, "value")));
            }
            return Profiles.profileFromSortedValues(PDFAFlavour.valueOf(root.getAttribute("flavour")),
                    Profiles.profileDetailsFromValues(name, name, "veraPDF", new Date(0)), "", rules, variables);
        } catch (Exception fault) {
            throw new IllegalStateException("cannot read the profile of " + flavour + ": " + fault, fault);
        }
    }

    private static Rule rule(Element rule) {
        Element id = child(rule, "id");
        Element error = child(rule, "error");
        List<ErrorArgument> arguments = new ArrayList<>();
        for (Element argument : children(child(error, "arguments"), "argument")) {
            arguments.add(ErrorArgumentImpl.fromValues(argument.getTextContent(), null, null));
        }
        return Profiles.ruleFromValues(
                Profiles.ruleIdFromValues(PDFAFlavour.Specification.valueOf(id.getAttribute("specification")),
                        id.getAttribute("clause"), Integer.parseInt(id.getAttribute("testNumber"))),
                rule.getAttribute("object"),
                rule.hasAttribute("deferred") ? Boolean.valueOf(rule.getAttribute("deferred")) : null,
                rule.getAttribute("tags"), text(rule, "description"), text(rule, "test"),
                Profiles.errorFromValues(text(error, "message"), arguments), Collections.emptyList());
    }

    /** The direct children of that name only: the same names repeat deeper down. */
    private static List<Element> children(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element && node.getNodeName().equals(name)) {
                found.add((Element) node);
            }
        }
        return found;
    }

    private static Element child(Element parent, String name) {
        return children(parent, name).get(0);
    }

    private static String text(Element parent, String name) {
        return child(parent, name).getTextContent();
    }

    private static String quoted(String text) {
        if (text == null) {
            return "null";
        }
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            boolean plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
            json.append(plain ? String.valueOf(c) : String.format("\\u%04x", (int) c));
        }
        return json.append('"').toString();
    }
}
